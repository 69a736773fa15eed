/** How the database's guards of lots, serials and waves speak to people. */
export const stockRefusals = {
  stock_movement_names_lot: {
    code: 'LotRequired',
    message: 'The item is kept by lot or serial: say which one these units are of.',
  },
  stock_movement_knows_lot: {
    code: 'UnknownLot',
    message: 'The lot is not registered with what its item asks for: register it, with its date.',
  },
  serial_once: {
    code: 'SerialTwice',
    message: 'A unit with this serial is here already: scan again, or count where it lies.',
  },
  wave_wave_no_key: {
    code: 'WaveExists',
    message: 'A wave has this number: take another one.',
  },
  wave_order_once: {
    code: 'InAnotherWave',
    message: 'The order is in a wave already: pick it there.',
  },
}
