import { Code, Stack, Text } from '@mantine/core'
import { useTexts } from '../texts/texts.ts'

/** Whatever a rule or a person has written down, as a list that people can read. */
export function Facts({ of }: { of: unknown }) {
  const { word } = useTexts()
  if (of === null || of === undefined) return <Text span>–</Text>
  if (typeof of !== 'object') return <Text span>{String(of)}</Text>
  if (Array.isArray(of)) {
    if (of.every((one) => typeof one !== 'object')) return <Text span>{of.join(', ') || '–'}</Text>
    return (
      <Stack gap={4}>
        {of.slice(0, MOST).map((one, index) => (
          <Code key={index} block>
            <Facts of={one} />
          </Code>
        ))}
        {of.length > MOST && <Text size="xs">+ {of.length - MOST}</Text>}
      </Stack>
    )
  }
  return (
    <dl style={{ margin: 0 }}>
      {Object.entries(of).map(([name, value]) => (
        <div key={name} style={{ display: 'flex', gap: '0.5rem', flexWrap: 'wrap' }}>
          <Text component="dt" size="sm" c="dimmed">
            {word(name.replaceAll(/([A-Z])/g, '-$1').toLowerCase())}
          </Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: 'anywhere' }}>
            <Facts of={value} />
          </Text>
        </div>
      ))}
    </dl>
  )
}

const MOST = 20
