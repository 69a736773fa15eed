import { createHash } from 'node:crypto'
import nodemailer from 'nodemailer'
import { GatewayHiccup } from './outcome.ts'
import type { EffectAnswer } from './outcome.ts'

export interface MailConfig {
  /** `smtp://host:port` or `smtps://user:password@host:port`. */
  url: string
  /** What the recipient sees, e.g. `Acme Outdoor <orders@acme.example>`. */
  from: string
  /** The part of the Message-ID after the at sign. */
  domain: string
  timeoutMs: number
}

export interface MailRequest {
  /** One for life, e.g. `notify/shipped/<parcel>`. */
  key: string
  to: string
  subject: string
  text: string
  html?: string
  replyTo?: string
  attachments?: { filename: string; contentType: string; content: Buffer }[]
}

export interface SentMail {
  messageId: string
  /** The server's own words on accepting it, which its operator can search for. */
  serverResponse: string
}

/**
 * SMTP cannot be asked about a message, so there is no `find…`: an unknown mail is settled by
 * sending it again. The Message-ID comes from the key, and receivers drop a second copy by it.
 */
export interface MailGateway {
  /**
   * `refused` on a permanent answer (5xx), `unknown` when the connection goes once the server
   * was asked to take the content.
   * @throws GatewayHiccup before that point, on a temporary answer (4xx) and on a bad log-in.
   */
  send(mail: MailRequest): Promise<EffectAnswer<SentMail>>
}

export function mailGateway(config: MailConfig): MailGateway {
  return {
    async send(mail) {
      const talk = conversation()
      const transport = nodemailer.createTransport({
        url: config.url,
        connectionTimeout: config.timeoutMs,
        greetingTimeout: config.timeoutMs,
        socketTimeout: config.timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
        transactionLog: true,
        logger: talk.logger,
      })
      const messageId = messageIdOf(mail.key, config.domain)
      try {
        const { key: _key, ...content } = mail
        const sent = await transport.sendMail({ ...content, from: config.from, messageId })
        return { outcome: 'confirmed', messageId, serverResponse: sent.response }
      } catch (error) {
        return sendFailure(error as SmtpError, talk.contentOffered())
      } finally {
        transport.close()
      }
    },
  }
}

/** The same key gives the same id, on any machine and after any restart. */
export function messageIdOf(key: string, domain: string): string {
  return `<${createHash('sha256').update(key).digest('hex').slice(0, 40)}@${domain}>`
}

type SmtpError = Error & { code?: string; responseCode?: number; permanent?: boolean }

function sendFailure(error: SmtpError, contentOffered: boolean): EffectAnswer<SentMail> {
  if (error.code === 'EAUTH') throw new GatewayHiccup('the mail server refused our log-in')
  if (error.permanent) {
    const providerCode = String(error.responseCode)
    const code = error.code === 'EENVELOPE' ? 'recipient-refused' : 'message-refused'
    return { outcome: 'refused', code, message: error.message, providerCode }
  }
  const answered = error.responseCode !== undefined
  if (contentOffered && !answered) return { outcome: 'unknown', message: error.message }
  throw new GatewayHiccup(`mail was not taken: ${error.message}`, { cause: error })
}

/**
 * nodemailer's errors do not tell how far a lost conversation had come; its transaction log
 * does. Once DATA is said the server may hold the message, whatever happens next.
 */
function conversation() {
  let offered = false
  const ignore = (): void => {}
  const debug = (entry: unknown, line?: unknown): void => {
    const fromUs = (entry as { tnx?: string } | null)?.tnx === 'client'
    if (fromUs && line === 'DATA') offered = true
  }
  const logger = { level: ignore, trace: ignore, debug, info: ignore, warn: ignore }
  return {
    logger: { ...logger, error: ignore, fatal: ignore },
    contentOffered: () => offered,
  }
}
