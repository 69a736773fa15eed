import type { ApiServer, RouteDeps } from '../deps.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { availableToSellRoutes } from './available-to-sell.ts'
import { bulkOrderRoutes } from './bulk-orders.ts'
import { blockedOrderRoutes } from './blocked-orders.ts'
import { chargebackEvidenceRoutes } from './chargeback-evidence.ts'
import { chargebackRoutes } from './chargebacks.ts'
import { carrierClaimRoutes } from './carrier-claims.ts'
import { channelStockRoutes } from './channel-stock.ts'
import { channelRoutes } from './channels.ts'
import { giftCardRoutes } from './gift-cards.ts'
import { grniRoutes } from './grni.ts'
import { healthRoutes } from './health.ts'
import { importRoutes } from './imports.ts'
import { itemRoutes } from './items.ts'
import { exchangeRateRoutes } from './exchange-rates.ts'
import { ledgerProofRoutes } from './ledger-proof.ts'
import { ledgerRoutes } from './ledger.ts'
import { periodExceptionRoutes } from './period-exceptions.ts'
import { closePolicyRoutes } from './close-policies.ts'
import { closeReadinessRoutes } from './close-readiness.ts'
import { consolidationRoutes } from './consolidation.ts'
import { expectedInvoiceRoutes } from './expected-invoices.ts'
import { periodCloseRoutes } from './period-closes.ts'
import { periodRoutes } from './periods.ts'
import { ledgerLineRoutes } from './ledger-lines.ts'
import { documentRoutes } from './documents.ts'
import { journalExportRoutes } from './journal-exports.ts'
import { loginRoutes } from './login.ts'
import { policyRoutes } from './policies.ts'
import { siteRoutes } from './sites.ts'
import { operationRoutes } from './operations.ts'
import { taxFilingRoutes } from './tax-filings.ts'
import { taxReturnRoutes } from './tax-returns.ts'
import { taxRuleRoutes } from './tax-rules.ts'
import { trailRoutes } from './trail.ts'
import { userRoutes } from './users.ts'
import { eventRoutes } from './events.ts'
import { expectedSupplyRoutes } from './expected-supply.ts'
import { exceptionRoutes } from './exceptions.ts'
import { exceptionWorkRoutes } from './exception-work.ts'
import { floorRoutes } from './floor.ts'
import { fulfilmentRoutes } from './fulfilment.ts'
import { orderCommandRoutes } from './order-commands.ts'
import { addressLinkRoutes } from './address-links.ts'
import { orderRoutes } from './orders.ts'
import { paymentReturnRoutes } from './payment-returns.ts'
import { paymentRunRoutes } from './payment-runs.ts'
import { personalDataRoutes } from './personal-data.ts'
import { providerWebhookRoutes } from './provider-webhooks.ts'
import { processRoutes } from './processes.ts'
import { purchaseChangeRoutes } from './purchase-changes.ts'
import { purchaseOrderRoutes } from './purchase-orders.ts'
import { purchaseReceiptRoutes } from './purchase-receipts.ts'
import { supplierDocumentRoutes } from './supplier-documents.ts'
import { supplierRoutes } from './suppliers.ts'
import { supplierChangeRoutes } from './supplier-changes.ts'
import { replenishmentRoutes } from './replenishment.ts'
import { replenishmentRuleRoutes } from './replenishment-rules.ts'
import { marginReportRoutes } from './reports-margin.ts'
import { openReportRoutes } from './reports-open.ts'
import { reportRoutes } from './reports.ts'
import { revenueRoutes } from './revenue.ts'
import { settlementRoutes } from './settlements.ts'
import { settlementStatementRoutes } from './settlement-statements.ts'
import { bankCsvMappingRoutes } from './bank-csv-mappings.ts'
import { bankStatementRoutes } from './bank-statements.ts'
import { stockCountRoutes } from './stock-counts.ts'
import { stockValuationRoutes } from './stock-valuation.ts'
import { stockRoutes } from './stock.ts'
import { vendorBillRoutes } from './vendor-bills.ts'
import { vendorCreditRoutes } from './vendor-credits.ts'
import { prepaymentRoutes } from './prepayments.ts'
import { billMatchRoutes } from './bill-match.ts'
import { reasonCodeRoutes } from './reason-codes.ts'
import { scorecardRoutes } from './scorecard.ts'
import { binRoutes } from './bins.ts'
import { lotRoutes } from './lots.ts'
import { quarantineRoutes } from './quarantine.ts'
import { recallRoutes } from './recalls.ts'
import { cycleCountRoutes } from './cycle-counts.ts'
import { inventoryAccuracyRoutes } from './inventory-accuracy.ts'
import { transferRoutes } from './transfers.ts'
import { returnCommandRoutes } from './return-commands.ts'
import { returnReserveRoutes } from './return-reserves.ts'
import { returnRoutes } from './returns.ts'
import { vendorReturnRoutes } from './vendor-returns.ts'
import { supplierScorecardRoutes } from './supplier-scorecards.ts'
import { boxLabelRoutes } from './box-labels.ts'
import { packingRoutes } from './packing.ts'
import { waveRoutes } from './waves.ts'
import { outsideWarehouseRoutes } from './outside-warehouses.ts'
import { webhookRoutes } from './webhooks.ts'

export type RouteModule = (server: ApiServer, deps: RouteDeps) => Promise<void>

/** Every resource, below /v1. A new one is a file here and a line in this list. */
export const routes: readonly RouteModule[] = [
  healthRoutes,
  loginRoutes,
  userRoutes,
  apiKeyRoutes,
  itemRoutes,
  siteRoutes,
  channelRoutes,
  channelStockRoutes,
  policyRoutes,
  trailRoutes,
  operationRoutes,
  ledgerRoutes,
  giftCardRoutes,
  carrierClaimRoutes,
  revenueRoutes,
  settlementRoutes,
  settlementStatementRoutes,
  bankStatementRoutes,
  bankCsvMappingRoutes,
  ledgerProofRoutes,
  periodRoutes,
  periodCloseRoutes,
  closePolicyRoutes,
  closeReadinessRoutes,
  consolidationRoutes,
  expectedInvoiceRoutes,
  periodExceptionRoutes,
  exchangeRateRoutes,
  taxFilingRoutes,
  taxReturnRoutes,
  taxRuleRoutes,
  ledgerLineRoutes,
  reportRoutes,
  openReportRoutes,
  marginReportRoutes,
  journalExportRoutes,
  documentRoutes,
  orderRoutes,
  blockedOrderRoutes,
  orderCommandRoutes,
  personalDataRoutes,
  addressLinkRoutes,
  bulkOrderRoutes,
  fulfilmentRoutes,
  exceptionRoutes,
  exceptionWorkRoutes,
  eventRoutes,
  availableToSellRoutes,
  stockRoutes,
  stockValuationRoutes,
  expectedSupplyRoutes,
  stockCountRoutes,
  supplierRoutes,
  supplierChangeRoutes,
  purchaseChangeRoutes,
  purchaseOrderRoutes,
  purchaseReceiptRoutes,
  supplierDocumentRoutes,
  vendorBillRoutes,
  billMatchRoutes,
  reasonCodeRoutes,
  scorecardRoutes,
  vendorCreditRoutes,
  prepaymentRoutes,
  paymentReturnRoutes,
  paymentRunRoutes,
  grniRoutes,
  transferRoutes,
  vendorReturnRoutes,
  chargebackRoutes,
  returnRoutes,
  returnCommandRoutes,
  returnReserveRoutes,
  chargebackEvidenceRoutes,
  cycleCountRoutes,
  binRoutes,
  lotRoutes,
  quarantineRoutes,
  recallRoutes,
  waveRoutes,
  packingRoutes,
  boxLabelRoutes,
  floorRoutes,
  inventoryAccuracyRoutes,
  supplierScorecardRoutes,
  replenishmentRoutes,
  replenishmentRuleRoutes,
  outsideWarehouseRoutes,
  processRoutes,
  webhookRoutes,
  providerWebhookRoutes,
  importRoutes,
]
