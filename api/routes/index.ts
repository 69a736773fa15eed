import type { ApiDeps, ApiServer } from '../deps.ts'
import { apiKeyRoutes } from './api-keys.ts'
import { availableToSellRoutes } from './available-to-sell.ts'
import { bulkOrderRoutes } from './bulk-orders.ts'
import { channelRoutes } from './channels.ts'
import { healthRoutes } from './health.ts'
import { itemRoutes } from './items.ts'
import { ledgerRoutes } from './ledger.ts'
import { loginRoutes } from './login.ts'
import { policyRoutes } from './policies.ts'
import { siteRoutes } from './sites.ts'
import { trailRoutes } from './trail.ts'
import { userRoutes } from './users.ts'
import { expectedSupplyRoutes } from './expected-supply.ts'
import { exceptionRoutes } from './exceptions.ts'
import { fulfilmentRoutes } from './fulfilment.ts'
import { orderCommandRoutes } from './order-commands.ts'
import { orderRoutes } from './orders.ts'
import { processRoutes } from './processes.ts'
import { stockCountRoutes } from './stock-counts.ts'
import { stockRoutes } from './stock.ts'
import { webhookRoutes } from './webhooks.ts'

export type RouteModule = (server: ApiServer, deps: ApiDeps) => Promise<void>

/** Every resource, below /v1. A new one is a file here and a line in this list. */
export const routes: readonly RouteModule[] = [
  healthRoutes,
  loginRoutes,
  userRoutes,
  apiKeyRoutes,
  itemRoutes,
  siteRoutes,
  channelRoutes,
  policyRoutes,
  trailRoutes,
  ledgerRoutes,
  orderRoutes,
  orderCommandRoutes,
  bulkOrderRoutes,
  fulfilmentRoutes,
  exceptionRoutes,
  availableToSellRoutes,
  stockRoutes,
  expectedSupplyRoutes,
  stockCountRoutes,
  processRoutes,
  webhookRoutes,
]
