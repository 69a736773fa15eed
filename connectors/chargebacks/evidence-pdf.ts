import { PDFDocument, StandardFonts, type PDFFont, type PDFPage } from 'pdf-lib'
import type { EvidencePack } from '#domain/chargebacks/evidence'
import { formatMinor } from '#domain/money'

/** A4 in points. */
const PAGE = { width: 595, height: 842, left: 50, top: 790, bottom: 60, line: 14 }
const MOST_LETTERS = 95

/** An evidence pack on paper; the same pack is the same bytes for ever. */
export async function evidencePdf(pack: EvidencePack): Promise<Buffer> {
  const pdf = await PDFDocument.create({ updateMetadata: false })
  pdf.setTitle(`Evidence on dispute ${pack.dispute.no}`)
  pdf.setCreationDate(new Date(pack.builtAt))
  const [plain, bold] = await Promise.all([
    pdf.embedFont(StandardFonts.Helvetica),
    pdf.embedFont(StandardFonts.HelveticaBold),
  ])
  const known = new Set(plain.getCharacterSet())
  let page: PDFPage | undefined
  let y = 0
  const write = (text: string, font: PDFFont) => {
    if (!page || y < PAGE.bottom) {
      page = pdf.addPage([PAGE.width, PAGE.height])
      y = PAGE.top
    }
    page.drawText(written(text, known), { x: PAGE.left, y, size: 10, font })
    y -= PAGE.line
  }
  for (const { title, lines } of sections(pack)) {
    write(title, bold)
    for (const line of lines) for (const part of broken(line)) write(part, plain)
    y -= PAGE.line / 2
  }
  return Buffer.from(await pdf.save({ useObjectStreams: false }))
}

interface Section {
  title: string
  lines: string[]
}

function sections(pack: EvidencePack): Section[] {
  const { dispute, order, customer, payments, parcels, messages, policies, refunds } = pack
  const money = (minor: string) => `${formatMinor(BigInt(minor), order.currency)} ${order.currency}`
  const disputed = `${formatMinor(BigInt(dispute.amountMinor), dispute.currency)} ${dispute.currency}`
  return [
    {
      title: `Dispute ${dispute.no}`,
      lines: [
        `Charge ${dispute.reference}, ${disputed}, round ${dispute.round}`,
        `Reason given: ${dispute.reason ?? 'none'}`,
      ],
    },
    {
      title: `Order ${order.number} by ${order.channel}, placed ${order.placedAt}`,
      lines: [
        ...order.lines.map(
          ({ sku, title, ordered, shipped, minor }) =>
            `${ordered} × ${title} (${sku ?? 'no SKU'}), ${shipped} shipped, ${money(minor)}`,
        ),
        `Total ${money(order.totalMinor)}`,
      ],
    },
    { title: 'Customer', lines: customer ? who(customer) : ['erased'] },
    {
      title: 'Payment',
      lines: payments.map(
        ({ kind, amountMinor, on, reference }) =>
          `${on}: ${kind} ${money(amountMinor)}, ${reference ?? 'no reference'}`,
      ),
    },
    { title: 'Delivery', lines: parcels.flatMap(delivered) },
    {
      title: 'Messages to the customer',
      lines: messages.map(({ subject, at, state }) => `${at}: ${subject} (${state})`),
    },
    {
      title: 'Refunds',
      lines: refunds.map(({ kind, amountMinor, on }) => `${on}: ${kind} ${money(amountMinor)}`),
    },
    {
      title: 'Rules that the order was placed under',
      lines: [policies.map(({ kind, version }) => `${kind} version ${version}`).join(', ')],
    },
  ]
}

function who({ name, email, shipTo }: NonNullable<EvidencePack['customer']>): string[] {
  const address = shipTo ? Object.values(shipTo).filter((part) => typeof part === 'string') : []
  return [[name, email].filter(Boolean).join(', '), address.join(', ')].filter((text) => text)
}

function delivered(parcel: EvidencePack['parcels'][number]): string[] {
  const { carrier, trackingNumber, shippedOn, deliveredAt, events } = parcel
  return [
    `${carrier ?? 'carrier unknown'} ${trackingNumber ?? 'without tracking'}: shipped ${shippedOn ?? 'not yet'}, delivered ${deliveredAt ?? 'not known'}`,
    ...events.map(({ status, at, details }) => `  ${at}: ${status} ${details ?? ''}`),
  ]
}

/** Helvetica writes no more than it knows. */
function written(text: string, known: ReadonlySet<number>): string {
  return [...text].map((letter) => (known.has(letter.codePointAt(0)!) ? letter : '?')).join('')
}

function broken(line: string): string[] {
  const parts = []
  for (let at = 0; at < line.length; at += MOST_LETTERS)
    parts.push(line.slice(at, at + MOST_LETTERS))
  return parts
}
