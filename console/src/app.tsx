import { lazy, Suspense } from 'react'
import { Navigate, Route, Routes } from 'react-router'
import { Loading } from './parts/answer.tsx'
import { Login } from './parts/login.tsx'
import { Shell } from './parts/shell.tsx'
import { NotFound } from './pages/not-found.tsx'
import { useSession } from './session.ts'

const Exceptions = lazy(() => import('./pages/exceptions.tsx'))
const Orders = lazy(() => import('./pages/orders.tsx'))
const Order = lazy(() => import('./pages/order.tsx'))
const Stock = lazy(() => import('./pages/stock.tsx'))
const Buying = lazy(() => import('./pages/buying.tsx'))
const Finance = lazy(() => import('./pages/finance.tsx'))
const Purchase = lazy(() => import('./pages/purchase.tsx'))
const Bills = lazy(() => import('./pages/bills.tsx'))
const Bill = lazy(() => import('./pages/bill.tsx'))
const Suppliers = lazy(() => import('./pages/suppliers.tsx'))
const Supplier = lazy(() => import('./pages/supplier.tsx'))
const Disputes = lazy(() => import('./pages/disputes.tsx'))
const Dispute = lazy(() => import('./pages/dispute.tsx'))
const Scorecard = lazy(() => import('./pages/scorecard.tsx'))
const Approvals = lazy(() => import('./pages/approvals.tsx'))
const Policies = lazy(() => import('./pages/policies.tsx'))
const Policy = lazy(() => import('./pages/policy.tsx'))
const Users = lazy(() => import('./pages/users.tsx'))
const Channels = lazy(() => import('./pages/channels.tsx'))
const Keys = lazy(() => import('./pages/keys.tsx'))
const Audit = lazy(() => import('./pages/audit.tsx'))
const Closes = lazy(() => import('./pages/closes.tsx'))
const CloseCockpit = lazy(() => import('./pages/close.tsx'))
const Statements = lazy(() => import('./pages/statements.tsx'))
const Statement = lazy(() => import('./pages/statement.tsx'))
const Reports = lazy(() => import('./pages/reports.tsx'))
const Tax = lazy(() => import('./pages/tax.tsx'))
const Floor = lazy(() => import('./pages/floor.tsx'))
const Transfers = lazy(() => import('./pages/transfers.tsx'))
const Transfer = lazy(() => import('./pages/transfer.tsx'))
const Counts = lazy(() => import('./pages/counts.tsx'))
const StockItem = lazy(() => import('./pages/stock-item.tsx'))
const Lines = lazy(() => import('./pages/journal-lines.tsx'))
const Entry = lazy(() => import('./pages/journal-entry.tsx'))

export function App() {
  const { open, expired } = useSession()
  if (!open) return <Login />
  return (
    <>
      {expired && <Login again />}
      <Shell>
        <Suspense fallback={<Loading />}>
          <Routes>
            <Route index element={<Navigate to="/exceptions" replace />} />
            <Route path="/exceptions/:caseId?" element={<Exceptions />} />
            <Route path="/orders" element={<Orders />} />
            <Route path="/orders/:orderId" element={<Order />} />
            <Route path="/stock" element={<Stock />} />
            <Route path="/stock/items/:sku" element={<StockItem />} />
            <Route path="/stock/transfers" element={<Transfers />} />
            <Route path="/stock/transfers/:transferNo" element={<Transfer />} />
            <Route path="/stock/counts/:countNo?" element={<Counts />} />
            <Route path="/floor/*" element={<Floor />} />
            <Route path="/buying" element={<Buying />} />
            <Route path="/buying/orders/:poNumber" element={<Purchase />} />
            <Route path="/buying/bills" element={<Bills />} />
            <Route path="/buying/bills/:billId" element={<Bill />} />
            <Route path="/buying/suppliers" element={<Suppliers />} />
            <Route path="/buying/suppliers/:code" element={<Supplier />} />
            <Route path="/disputes" element={<Disputes />} />
            <Route path="/disputes/:provider/:disputeId" element={<Dispute />} />
            <Route path="/finance" element={<Finance />} />
            <Route path="/finance/close" element={<Closes />} />
            <Route path="/finance/close/:entity/:period" element={<CloseCockpit />} />
            <Route path="/finance/statements" element={<Statements />} />
            <Route path="/finance/statements/:settlementId" element={<Statement />} />
            <Route path="/finance/clearing" element={<Reports fixed="clearing" />} />
            <Route path="/finance/bridge" element={<Reports fixed="margin-bridge" />} />
            <Route path="/finance/reports/:name?" element={<Reports />} />
            <Route path="/finance/tax" element={<Tax />} />
            <Route path="/finance/lines" element={<Lines />} />
            <Route path="/finance/entries/:entryId" element={<Entry />} />
            <Route path="/scorecard" element={<Scorecard />} />
            <Route path="/approvals" element={<Approvals />} />
            <Route path="/admin" element={<Policies />} />
            <Route path="/admin/policies/:kind/:scope" element={<Policy />} />
            <Route path="/admin/users" element={<Users />} />
            <Route path="/admin/channels" element={<Channels />} />
            <Route path="/admin/keys" element={<Keys />} />
            <Route path="/admin/audit" element={<Audit />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </Shell>
    </>
  )
}
