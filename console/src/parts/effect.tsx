import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Preview } from '../cases.ts'
import { businessDate, money } from '../format.ts'
import { useTexts } from '../texts/texts.ts'
import { Facts } from './facts.tsx'

type OrderEffect = Extract<Preview, { promises: unknown }>

/** What a decision would do to stock, money, promise and margin. */
export function Effect({ of }: { of: Preview | OrderEffect }) {
  if ('promises' in of && 'orderValueAfterMinor' in of.money)
    return <OnOrder of={of as OrderEffect} />
  return <Facts of={of} />
}

function OnOrder({ of: { money: sums, ...of } }: { of: OrderEffect }) {
  const { t, word } = useTexts()
  const amount = (minor: string) => money({ currency: sums.currency, minor })
  return (
    <Stack gap={4}>
      <Line name={t('effect.phase')}>{word(of.phase)}</Line>
      {of.waitingFor !== '' && <Line name={t('effect.waits')}>{of.waitingFor}</Line>}
      {of.stock.map(({ sku, site, reservedDelta }) => (
        <Line key={`${sku}${site}`} name={t('effect.stock')}>
          {sku} @ {site}: {reservedDelta > 0 ? '+' : ''}
          {reservedDelta}
        </Line>
      ))}
      <Line name={t('effect.value')}>
        {amount(sums.orderValueBeforeMinor)} → {amount(sums.orderValueAfterMinor)}
      </Line>
      {sums.refundMinor !== '0' && (
        <Line name={t('effect.refund')}>{amount(sums.refundMinor)}</Line>
      )}
      <Line name={t('effect.margin')}>
        {sums.marginAfterMinor === null ? t('effect.marginUnknown') : amount(sums.marginAfterMinor)}
      </Line>
      {of.promises.map(({ sku, promiseOn }) => (
        <Line key={sku} name={t('effect.promises')}>
          {sku}: {promiseOn === null ? t('effect.noPromise') : businessDate(promiseOn)}
        </Line>
      ))}
      {of.split && (
        <Line name={t('effect.split')}>
          {of.split.sites.join(' + ')} (
          {money({ currency: of.split.currency, minor: of.split.extraMinor })})
        </Line>
      )}
      {of.newCases.length > 0 && (
        <Line name={t('effect.newCases')}>{of.newCases.map(word).join(', ')}</Line>
      )}
      {of.outsideCalls.length > 0 && (
        <Line name={t('effect.calls')}>{of.outsideCalls.join(', ')}</Line>
      )}
      {of.entries.map(({ eventType, lines }, index) => (
        <Line key={index} name={t('effect.entries')}>
          {eventType}:{' '}
          {lines
            .map(
              ({ account, amountMinor, currency }) =>
                `${account} ${money({ currency, minor: amountMinor })}`,
            )
            .join(' · ')}
        </Line>
      ))}
    </Stack>
  )
}

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Text size="sm">
      <Text span c="dimmed">
        {name}:{' '}
      </Text>
      {children}
    </Text>
  )
}
