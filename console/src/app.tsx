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
            <Route path="/finance" element={<Finance />} />
            <Route path="/finance/lines" element={<Lines />} />
            <Route path="/finance/entries/:entryId" element={<Entry />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </Shell>
    </>
  )
}
