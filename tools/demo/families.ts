/** A kind of goods in five looks. */
export interface Family {
  code: string
  name: string
  class: string
  hsCode: string
  origin: string
  /** Length, width and height as packed. */
  sizeMm: [number, number, number]
  weightG: number
  /** Of one unit, in US cents. */
  costMinor: number
  variants: [string, string][]
  shipAlone?: boolean
  hazmatClass?: string
  restrictedCountries?: string[]
  minimumAge?: number
  taxCategory?: string
}

const looks = (text: string): [string, string][] =>
  text.split(', ').map((look) => [look.slice(0, 3), look.slice(4)])

const GLAZES = looks('SND sand, INK ink, MOS moss, FOG fog, RST rust')
const WOODS = looks('OAK oak, ASH ash, WAL walnut, BCH beech, OLV olive')
const METALS = looks('STL steel, BLK black, BRS brass, CPR copper, WHT white')
const CLOTH = looks('SND sand, INK ink, MOS moss, FOG fog, ROS rose')
const SCENTS = looks('PNE pine, LAV lavender, SEA sea salt, FIG fig, CED cedar')

type Row = [
  code: string,
  name: string,
  kind: string,
  hs: string,
  origin: string,
  sizeMm: [number, number, number],
  weightG: number,
  costMinor: number,
  variants: [string, string][],
]

const ROWS: Row[] = [
  ['MUG', 'Mug 350 ml', 'tableware', '6912.00', 'PT', [120, 100, 110], 380, 480, GLAZES],
  ['BOWL', 'Bowl 16 cm', 'tableware', '6912.00', 'PT', [170, 170, 80], 520, 640, GLAZES],
  ['PLATE', 'Plate 26 cm', 'tableware', '6912.00', 'PT', [270, 270, 35], 780, 760, GLAZES],
  ['JUG', 'Jug 1 l', 'tableware', '6912.00', 'PT', [190, 140, 230], 990, 1240, GLAZES],
  ['VASE', 'Vase 24 cm', 'decoration', '6913.90', 'PT', [150, 150, 260], 1150, 1390, GLAZES],
  [
    'PLANTER',
    'Planter 18 cm',
    'garden',
    '6914.90',
    'ES',
    [200, 200, 190],
    1400,
    890,
    looks('TER terracotta, SND sand, FOG fog, MOS moss, BLK black'),
  ],
  [
    'GLASS',
    'Tumbler 300 ml',
    'tableware',
    '7013.37',
    'CZ',
    [90, 90, 110],
    290,
    390,
    looks('CLR clear, SMK smoke, AMB amber, BLU blue, GRN green'),
  ],
  [
    'CARAFE',
    'Carafe 1.2 l',
    'tableware',
    '7013.49',
    'CZ',
    [120, 120, 290],
    780,
    1180,
    looks('CLR clear, SMK smoke, AMB amber, BLU blue, GRN green'),
  ],
  ['BOARD', 'Cutting board 40 cm', 'kitchen', '4419.11', 'PL', [410, 260, 25], 1350, 1290, WOODS],
  ['TRAY', 'Tray 45 cm', 'kitchen', '4419.90', 'PL', [460, 320, 50], 1180, 1480, WOODS],
  ['SPOON', 'Serving spoon', 'kitchen', '4419.90', 'PL', [300, 70, 30], 90, 310, WOODS],
  ['SHELF', 'Shelf 80 cm', 'furniture', '9403.60', 'PL', [820, 240, 60], 3900, 2650, WOODS],
  [
    'FRAME',
    'Picture frame 30 × 40',
    'decoration',
    '4414.90',
    'PL',
    [440, 340, 35],
    900,
    980,
    WOODS,
  ],
  [
    'PAN',
    'Pan 26 cm',
    'kitchen',
    '7323.92',
    'FR',
    [480, 280, 70],
    2600,
    2750,
    looks('CST cast iron, BLU blue steel, STL steel, CPR copper, CER ceramic'),
  ],
  ['POT', 'Pot 4 l', 'kitchen', '7323.93', 'FR', [320, 260, 180], 2900, 3450, METALS],
  ['PRESS', 'French press 1 l', 'kitchen', '7013.99', 'CN', [180, 120, 240], 820, 1290, METALS],
  ['KETTLE', 'Kettle 1.5 l', 'kitchen', '8516.79', 'CN', [260, 210, 260], 1280, 2190, METALS],
  ['BOTTLE', 'Bottle 600 ml', 'outdoor', '9617.00', 'CN', [80, 80, 260], 340, 790, METALS],
  ['LAMP', 'Desk lamp', 'lighting', '9405.21', 'CN', [420, 180, 180], 1900, 2490, METALS],
  ['PENDANT', 'Pendant lamp', 'lighting', '9405.11', 'CN', [380, 380, 300], 2300, 3290, METALS],
  ['HOOK', 'Wall hooks, set of 4', 'decoration', '8302.50', 'CN', [160, 90, 50], 310, 420, METALS],
  ['TOWEL', 'Bath towel', 'textiles', '6302.60', 'TR', [350, 250, 90], 620, 890, CLOTH],
  ['BLANKET', 'Wool blanket', 'textiles', '6301.20', 'LT', [400, 320, 140], 1700, 3490, CLOTH],
  ['CUSHION', 'Cushion 50 cm', 'textiles', '9404.90', 'TR', [500, 500, 160], 880, 1190, CLOTH],
  ['SHEET', 'Bed linen 200 cm', 'textiles', '6302.21', 'PT', [380, 300, 90], 1900, 3190, CLOTH],
  ['APRON', 'Apron', 'textiles', '6211.42', 'IN', [320, 240, 30], 300, 740, CLOTH],
  ['NOTE', 'Notebook A5', 'stationery', '4820.10', 'DE', [215, 150, 18], 260, 290, CLOTH],
  [
    'BASKET',
    'Basket 40 cm',
    'decoration',
    '4602.19',
    'VN',
    [420, 320, 300],
    1250,
    1290,
    looks('NAT natural, BLK black, WHT white, GRY grey, TWO two-tone'),
  ],
  [
    'TEA',
    'Tea 100 g',
    'food',
    '0902.30',
    'IN',
    [180, 90, 60],
    130,
    390,
    looks('EBF English breakfast, CHM camomile, GRN green, EGY Earl Grey, MNT mint'),
  ],
  [
    'COFFEE',
    'Coffee 500 g',
    'food',
    '0901.21',
    'BR',
    [230, 110, 70],
    530,
    690,
    looks('HSE house, ESP espresso, DEC decaf, ETH Ethiopia, COL Colombia'),
  ],
  [
    'SEEDS',
    'Seeds',
    'garden',
    '1209.91',
    'NL',
    [120, 80, 8],
    20,
    110,
    looks('HRB herbs, FLW flowers, TOM tomatoes, SAL salad, PEP peppers'),
  ],
  ['SOAP', 'Soap 100 g', 'bath', '3401.11', 'FR', [90, 60, 30], 115, 190, SCENTS],
  ['CANDLE', 'Candle 220 g', 'decoration', '3406.00', 'DE', [90, 90, 110], 460, 690, SCENTS],
]

const simple = ROWS.map(
  ([code, name, kind, hsCode, origin, sizeMm, weightG, costMinor, variants]): Family => ({
    code,
    name,
    class: kind,
    hsCode,
    origin,
    sizeMm,
    weightG,
    costMinor,
    variants,
    ...(kind === 'food' ? { taxCategory: 'reduced' } : {}),
    ...(code === 'SHELF' ? { shipAlone: true } : {}),
  }),
)

/** What may not go everywhere or to everybody: trade compliance looks at these. */
const CONTROLLED: Family[] = [
  {
    code: 'DIFF',
    name: 'Diffuser oil 50 ml',
    class: 'bath',
    hsCode: '3301.29',
    origin: 'FR',
    sizeMm: [60, 60, 120],
    weightG: 140,
    costMinor: 640,
    variants: SCENTS,
    hazmatClass: '3',
  },
  {
    code: 'POWER',
    name: 'Power bank 10 000 mAh',
    class: 'outdoor',
    hsCode: '8507.60',
    origin: 'CN',
    sizeMm: [150, 75, 22],
    weightG: 240,
    costMinor: 1190,
    variants: looks('BLK black, WHT white, INK ink, SND sand, MOS moss'),
    hazmatClass: '9',
  },
  {
    code: 'KNIFE',
    name: 'Chef’s knife 20 cm',
    class: 'kitchen',
    hsCode: '8211.92',
    origin: 'JP',
    sizeMm: [360, 70, 30],
    weightG: 310,
    costMinor: 3190,
    variants: WOODS,
    minimumAge: 18,
  },
  {
    code: 'SPY',
    name: 'Night glass',
    class: 'outdoor',
    hsCode: '9005.10',
    origin: 'JP',
    sizeMm: [200, 180, 90],
    weightG: 720,
    costMinor: 6900,
    variants: looks('BLK black, GRN green, SND sand, GRY grey, NVY navy'),
    restrictedCountries: ['CA', 'MX', 'CH', 'GB'],
  },
]

/** 37 families of five: what the company sells, the most wanted first within its kind. */
export const FAMILIES: readonly Family[] = [...simple, ...CONTROLLED]
