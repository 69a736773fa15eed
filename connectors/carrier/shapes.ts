import { z } from 'zod'

/** The parts of EasyPost's answers that we read; all else passes by. */
const text = z.string().nullish()

const rateShape = z.object({
  id: z.string(),
  carrier: z.string(),
  service: z.string(),
  /** Decimal text in major units. */
  rate: z.string(),
  currency: z.string(),
  delivery_days: z.number().nullish(),
  delivery_date: text,
})

export const shipmentShape = z.object({
  id: z.string(),
  reference: text,
  tracking_code: text,
  refund_status: text,
  rates: z.array(rateShape).nullish(),
  selected_rate: rateShape.nullish(),
  postage_label: z.object({ label_url: text }).nullish(),
  messages: z.array(z.object({ carrier: text, type: text, message: z.unknown() })).nullish(),
})

const verificationShape = z.object({
  success: z.boolean().nullish(),
  errors: z.array(z.object({ code: text, field: text, message: text, suggestion: text })).nullish(),
})

export const addressShape = z.object({
  name: text,
  company: text,
  street1: text,
  street2: text,
  city: text,
  state: text,
  zip: text,
  country: text,
  residential: z.boolean().nullish(),
  verifications: z.object({ delivery: verificationShape.nullish() }).nullish(),
})

const trackingDetailShape = z.object({
  status: z.string(),
  message: text,
  datetime: z.string(),
  tracking_location: z.object({ city: text, state: text, zip: text, country: text }).nullish(),
})

export const trackerShape = z.object({
  id: z.string(),
  object: z.literal('Tracker'),
  tracking_code: z.string(),
  carrier: text,
  status: z.string(),
  status_detail: text,
  signed_by: text,
  updated_at: z.string(),
  est_delivery_date: text,
  shipment_id: text,
  tracking_details: z.array(trackingDetailShape).nullish(),
})

export const trackersShape = z.object({ trackers: z.array(trackerShape) })

export const webhookShape = z.object({
  id: z.string(),
  description: z.string(),
  created_at: z.string(),
  result: z.unknown(),
})

export const errorShape = z.object({
  error: z.object({
    code: text,
    message: z.unknown(),
    errors: z.array(z.unknown()).nullish(),
  }),
})

export type RateShape = z.infer<typeof rateShape>
export type ShipmentShape = z.infer<typeof shipmentShape>
export type AddressShape = z.infer<typeof addressShape>
export type TrackerShape = z.infer<typeof trackerShape>
