import { expect, test } from 'vitest'
import { boxLabel } from '#domain/warehouse/box-label'

test('a box has its number as GS1-128, and nothing of a channel is a command to the printer', () => {
  const label = boxLabel({
    ...{ id: 1001n, prefix: '39501101', orderNumber: '#1^XZ~JA', boxNo: 2 },
    weightG: 1850,
  })
  expect(label.sscc).toBe('395011010000010018')
  expect(label.zpl.split('\n')).toEqual([
    '^XA',
    '^FO40,40^A0N,40,40^FD#1 XZ JA^FS',
    '^FO40,100^A0N,40,40^FDBox 2  1850 g^FS',
    '^FO40,180^BY3^BCN,300,N,N,N^FD>;>800395011010000010018^FS',
    '^FO40,500^A0N,40,40^FD(00)395011010000010018^FS',
    '^XZ',
  ])
})
