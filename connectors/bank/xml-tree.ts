import { SaxesParser } from 'saxes'
import { accepted, refused, type Translated } from '../result.ts'

const MAX_DEPTH = 60

/** An element without its namespace prefix; `text` is what stands directly in it. */
export class XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[] = []
  text = ''

  constructor(name: string, attributes: Readonly<Record<string, string>>) {
    this.name = name
    this.attributes = attributes
  }

  /** All children of this name. */
  all(name: string): XmlElement[] {
    return this.children.filter((child) => child.name === name)
  }

  /** The element at a path such as `Acct/Id/IBAN`. */
  at(path: string): XmlElement | undefined {
    return path.split('/').reduce<XmlElement | undefined>((at, name) => at?.all(name)[0], this)
  }

  /** The text at the first of these paths that holds any; '' where none does. */
  word(...paths: string[]): string {
    for (const path of paths) {
      const text = this.at(path)?.text.trim()
      if (text) return text
    }
    return ''
  }
}

/**
 * Reads XML into a tree. A document type is refused, and with it every entity but XML's own five:
 * nothing is ever fetched or expanded.
 */
export function xmlTree(text: string): Translated<XmlElement> {
  const parser = new SaxesParser({ xmlns: false, position: true })
  const open: XmlElement[] = []
  let root: XmlElement | undefined
  let fault: string | undefined
  parser.on('error', (error) => (fault ??= error.message))
  parser.on('doctype', () => (fault ??= 'a document type is not taken'))
  parser.on('opentag', ({ name, attributes }) => {
    const element = new XmlElement(name.replace(/^.*:/, ''), attributes)
    if (open.length >= MAX_DEPTH) fault ??= `nest at most ${MAX_DEPTH} levels`
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on('closetag', () => void open.pop())
  const add = (part: string) => {
    const element = open.at(-1)
    if (element) element.text += part
  }
  parser.on('text', add)
  parser.on('cdata', add)
  for (let at = 0; at < text.length && fault === undefined; at += 1_000_000)
    parser.write(text.slice(at, at + 1_000_000))
  if (fault === undefined) parser.close()
  if (fault !== undefined || !root) return refused('not-xml', '$', `the file is no XML: ${fault}`)
  return accepted(root)
}
