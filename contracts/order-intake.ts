/** The neutral order document; it stands in the domain, because the rules read it. */
export type * from '#domain/orders/document'
