import { NamedRow } from '../delimited-rows.ts'

/**
 * Columns of the AdventureWorks tables that purchases are made of, as its `_columns.csv` lists
 * them: the files have tabs and, as a rule, no heading.
 */
const COLUMNS = {
  PurchaseOrderHeader:
    'PurchaseOrderID RevisionNumber Status EmployeeID VendorID ShipMethodID OrderDate ShipDate SubTotal TaxAmt Freight TotalDue ModifiedDate',
  PurchaseOrderDetail:
    'PurchaseOrderID PurchaseOrderDetailID DueDate OrderQty ProductID UnitPrice LineTotal ReceivedQty RejectedQty StockedQty ModifiedDate',
  Vendor:
    'BusinessEntityID AccountNumber Name CreditRating PreferredVendorStatus ActiveFlag PurchasingWebServiceURL ModifiedDate',
  ProductVendor:
    'ProductID BusinessEntityID AverageLeadTime StandardPrice LastReceiptCost LastReceiptDate MinOrderQty MaxOrderQty OnOrderQty UnitMeasureCode ModifiedDate',
  Product:
    'ProductID Name ProductNumber MakeFlag FinishedGoodsFlag Color SafetyStockLevel ReorderPoint StandardCost ListPrice Size SizeUnitMeasureCode WeightUnitMeasureCode Weight DaysToManufacture ProductLine Class Style ProductSubcategoryID ProductModelID SellStartDate SellEndDate DiscontinuedDate rowguid ModifiedDate',
  ShipMethod: 'ShipMethodID Name ShipBase ShipRate rowguid ModifiedDate',
} as const

export type AdventureWorksTable = keyof typeof COLUMNS
export const ADVENTUREWORKS_TABLES = Object.keys(COLUMNS) as AdventureWorksTable[]

/** The rows of a table; a heading may be there, and then names the columns itself. */
export function rowsOf(table: AdventureWorksTable, text: string): NamedRow[] {
  const file = `${table}.csv`
  const known: readonly string[] = COLUMNS[table].split(' ')
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  const heading = lines[0]!.split('\t').map((name) => name.trim())
  const hasHeading = heading[0] === known[0] || known.every((name) => heading.includes(name))
  const columns = hasHeading ? heading : known
  const missing = known.filter((name) => !columns.includes(name))
  return lines.flatMap((line, n) => {
    if (line.trim() === '' || (hasHeading && n === 0)) return []
    const row = new NamedRow(file, n + 1, columns, line.split('\t'))
    if (missing.length > 0)
      row.reject(missing[0]!, 'missing-column', `the heading does not name ${missing.join(', ')}`)
    return [row]
  })
}
