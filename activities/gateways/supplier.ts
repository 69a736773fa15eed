import { z } from 'zod'
import { jsonClient, readAs } from './json-client.ts'
import type { MailGateway } from './mail.ts'
import {
  unknownWithoutAnswer,
  type EffectAnswer,
  type FindAnswer,
  type GatewayConfig,
} from './outcome.ts'

/** What a supplier is sent: an order as EDI, or a letter, with the order on paper where it is one. */
export type SupplierMessage = { key: string; poNumber: string } & (
  | { by: 'edi'; receiver: string; document: string }
  | { by: 'mail'; to: string; subject: string; text: string; pdf: Buffer | null }
)

/** How documents reach suppliers. */
export interface SupplierGateway {
  /** @throws GatewayHiccup while nothing has left us. */
  send(message: SupplierMessage): Promise<EffectAnswer<{ reference: string }>>
  /** What became of it; a mail cannot be asked about, and its second copy is dropped by its id. */
  find(message: SupplierMessage): Promise<FindAnswer<{ reference: string }>>
}

const NOT_CONNECTED = { outcome: 'refused', code: 'not-connected' } as const

/** Null where there is no mail server, or no EDI network: what is to be sent there is refused. */
export function supplierGateway(ways: {
  mail: MailGateway | null
  edi: GatewayConfig | null
}): SupplierGateway {
  const network = ways.edi && ediNetwork(ways.edi)
  return {
    async send(message) {
      if (message.by === 'mail') return sendMail(ways.mail, message)
      if (!network) return { ...NOT_CONNECTED, message: 'No EDI network is connected.' }
      return network.send(message)
    },
    find: (message) =>
      message.by === 'edi' && network
        ? network.find(message.key)
        : Promise.resolve({ outcome: 'absent' }),
  }
}

async function sendMail(
  mail: MailGateway | null,
  { key, poNumber, ...message }: SupplierMessage & { by: 'mail' },
): Promise<EffectAnswer<{ reference: string }>> {
  if (!mail) return { ...NOT_CONNECTED, message: 'No mail server is set.' }
  const { to, subject, text, pdf } = message
  const attachment = pdf && {
    filename: `${poNumber}.pdf`,
    contentType: 'application/pdf',
    content: pdf,
  }
  const answer = await mail.send({
    ...{ key, to, subject, text },
    ...(attachment ? { attachments: [attachment] } : {}),
  })
  return answer.outcome === 'confirmed'
    ? { outcome: 'confirmed', reference: answer.messageId }
    : answer
}

const accepted = z.object({ id: z.string() })

/** How shipping orders reach the warehouses that others run. */
export type WarehouseGateway = ReturnType<typeof ediNetwork>

/** A value-added network: `POST /documents {key, receiver, document}`, idempotent by its key. */
export function ediNetwork(config: GatewayConfig) {
  const call = jsonClient({
    baseUrl: config.baseUrl,
    timeoutMs: config.timeoutMs,
    headers: { authorization: `Bearer ${config.apiKey}` },
  })
  return {
    send: ({ key, receiver, document }: { key: string; receiver: string; document: string }) =>
      unknownWithoutAnswer(async () => {
        const answer = await call({
          ...{ method: 'POST', path: '/v1/documents', body: { key, receiver, document } },
        })
        if (answer.said === 'no')
          return {
            ...({ outcome: 'refused', code: 'document-refused' } as const),
            message: JSON.stringify(answer.json).slice(0, 300),
          }
        const { id } = readAs(accepted, answer.json, 'document')
        return { outcome: 'confirmed', reference: id } as const
      }),
    async find(key: string): Promise<FindAnswer<{ reference: string }>> {
      const answer = await call({
        method: 'GET',
        path: `/v1/documents?key=${encodeURIComponent(key)}`,
      })
      if (answer.said === 'no') return { outcome: 'absent' }
      return { outcome: 'confirmed', reference: readAs(accepted, answer.json, 'document').id }
    },
  }
}
