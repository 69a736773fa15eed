import i18next from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import { de } from './de.ts'
import { en } from './en.ts'
import { germanWords } from './words.de.ts'

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const KEY = 'throughline.language'

/** The language chosen here before, else the browser's, else English. */
function firstLanguage(): Language {
  const wanted = localStorage.getItem(KEY) ?? navigator.language.slice(0, 2)
  return wanted in LANGUAGES ? (wanted as Language) : 'en'
}

export async function startTexts(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: firstLanguage(),
    fallbackLng: 'en',
    resources: { en: { translation: en }, de: { translation: de } },
    // React escapes what it shows.
    interpolation: { escapeValue: false },
  })
  document.documentElement.lang = i18next.language
}

export async function speak(language: Language): Promise<void> {
  localStorage.setItem(KEY, language)
  await i18next.changeLanguage(language)
  document.documentElement.lang = language
}

/** `t` for the page's own words, `word` for a code that the API tells, e.g. `stock-short`. */
export function useTexts() {
  const { t, i18n } = useTranslation()
  const word = (code: string): string =>
    (i18n.language === 'de' ? germanWords[code] : undefined) ?? spelt(code)
  return { t, word, language: i18n.language as Language }
}

function spelt(code: string): string {
  const words = code.replaceAll(/[-_]/g, ' ').replace('sku', 'SKU')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en }
  }
}
