/** CORE-3: where money runs out of a company that sells on many channels, one detector a leak. */
export const LEAKS = [
  {
    leak: 'stock-inaccuracy',
    title: 'Inventory inaccuracy',
    definition:
      'Counts of the last 28 days beyond tolerance, and units that a picker missed and nobody has explained.',
    ...{ owner: 'warehouse', threshold: 5 },
  },
  {
    leak: 'late-fulfilment',
    title: 'Delayed fulfilment',
    definition: 'Orders with the warehouse whose day to leave is over.',
    ...{ owner: 'warehouse', threshold: 0 },
  },
  {
    leak: 'duplicate-purchasing',
    title: 'Duplicate purchasing',
    definition:
      'Bills that may be another once more, and items ordered again of one supplier within a week while the first order is open.',
    ...{ owner: 'purchasing', threshold: 0 },
  },
  {
    leak: 'unposted-returns',
    title: 'Unposted returns',
    definition:
      'Refunds that nobody asked for here, and what suppliers owe for returned goods for more than 30 days.',
    ...{ owner: 'finance', threshold: 0 },
  },
  {
    leak: 'tax-errors',
    title: 'Tax errors',
    definition:
      'Taxes of this and the last month of which ledger and documents say different sums.',
    ...{ owner: 'finance', threshold: 0 },
  },
  {
    leak: 'channel-gaps',
    title: 'Gaps of channels',
    definition:
      'Documents of channels that were refused, stock that a channel shows wrongly, and channels not listed for an hour.',
    ...{ owner: 'oms-supervisor', threshold: 0 },
  },
] as const

export type Leak = (typeof LEAKS)[number]['leak']
