import { startEdiSimulator, type EdiSimulator } from './edi.ts'
import type { SimulatorOptions } from './http-simulator.ts'

type Segments = readonly (readonly string[])[]

/** A warehouse that others run: its box takes 940s over HTTP, and it answers by X12 interchanges. */
export interface WarehouseSimulator extends EdiSimulator {
  /** What is in its box for it: fulfilment order, and units by item. */
  orders(): { number: string; lines: { sku: string; qty: number }[] }[]
  shipped(advice: {
    number: string
    shipment: string
    lines: { sku: string; ordered: number; shipped: number }[]
    tracking?: string
  }): string
  received(advice: {
    receipt: string
    order: string
    lines: { sku: string; qty: number; damaged?: number; short?: number }[]
  }): string
  adjusted(advice: { number: string; lines: { sku: string; qty: number; code: string }[] }): string
  counted(advice: {
    number: string
    at: Date
    lines: { sku: string; qty: number; kind?: string }[]
  }): string
}

/** Both ends of the line: `ediId` is the warehouse's own address, `clientId` that of whose goods it keeps. */
export async function startWarehouseSimulator(
  options: SimulatorOptions & { ediId: string; clientId: string },
): Promise<WarehouseSimulator> {
  const box = await startEdiSimulator(options)
  let control = 0
  const send = (group: string, set: string, segments: Segments) =>
    interchange({ ...options, control: (control += 1) }, group, set, segments)
  return {
    ...box,
    orders: () => box.documents.filter((d) => d.receiver === options.ediId).map(orderOf),
    shipped: ({ number, shipment, lines, tracking }) =>
      send('SW', '945', [
        ['W06', 'F', number, day(new Date()), shipment],
        ['W27', 'M', 'UPS'],
        ...(tracking ? [['MAN', 'CP', tracking]] : []),
        ...lines.flatMap(({ sku, ordered, shipped }, n) => [
          ['LX', `${n + 1}`],
          ['W12', 'CC', `${ordered}`, `${shipped}`, `${ordered - shipped}`, 'EA', '', 'VN', sku],
        ]),
      ]),
    received: ({ receipt, order, lines }) =>
      send('RE', '944', [
        ['W17', 'F', day(new Date()), receipt, order],
        ...lines.flatMap(({ sku, qty, damaged, short }) => [
          ['W07', `${qty}`, 'EA', '', 'VN', sku],
          ...(damaged ? [['W13', `${damaged}`, 'EA', '01']] : []),
          ...(short ? [['W13', `${short}`, 'EA', '02']] : []),
        ]),
      ]),
    adjusted: ({ number, lines }) =>
      send('AW', '947', [
        ['W15', day(new Date()), number],
        ...lines.map(({ sku, qty, code }) => ['W19', code, `${qty}`, 'EA', '', 'VN', sku]),
      ]),
    counted: ({ number, at, lines }) =>
      send('IB', '846', [
        ['BIA', '00', 'DD', number, day(at), at.toISOString().slice(11, 19).replaceAll(':', '')],
        ...lines.flatMap(({ sku, qty, kind }, n) => [
          ['LIN', `${n + 1}`, 'VN', sku],
          ['QTY', kind ?? '33', `${qty}`, 'EA'],
        ]),
      ]),
  }
}

function orderOf({ document }: { document: string }): ReturnType<WarehouseSimulator['orders']>[0] {
  const segments = document.split('~').map((segment) => segment.trim().split('*'))
  const all = (id: string) => segments.filter(([name]) => name === id)
  return {
    number: all('W05')[0]![2]!,
    lines: all('W01').map((w01) => ({ sku: w01[5]!, qty: Number(w01[1]) })),
  }
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10).replaceAll('-', '')
}

function interchange(
  { ediId, clientId, control }: { ediId: string; clientId: string; control: number },
  group: string,
  set: string,
  segments: Segments,
): string {
  const today = day(new Date())
  const number = `${control}`.padStart(9, '0')
  const isa = ['ISA', '00', ' '.repeat(10), '00', ' '.repeat(10), 'ZZ', ediId.padEnd(15)]
  return [
    [
      ...isa,
      'ZZ',
      clientId.padEnd(15),
      today.slice(2),
      '1200',
      'U',
      '00401',
      number,
      '0',
      'P',
      '>',
    ],
    ['GS', group, ediId, clientId, today, '1200', `${control}`, 'X', '004010'],
    ['ST', set, '0001'],
    ...segments,
    ['SE', `${segments.length + 2}`, '0001'],
    ['GE', '1', `${control}`],
    ['IEA', '1', number],
  ]
    .map((segment) => `${segment.join('*')}~`)
    .join('\n')
}
