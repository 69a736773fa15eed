import { Anchor, createTheme } from '@mantine/core'

export const theme = createTheme({
  primaryColor: 'indigo',
  // Both shades keep 4.5:1 beside white and beside the dark body (WCAG 2.2, 1.4.3).
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  defaultRadius: 'sm',
  fontFamily: 'system-ui, sans-serif',
  cursorType: 'pointer',
  components: { Anchor: Anchor.extend({ defaultProps: { inherit: true, underline: 'always' } }) },
})

/** Grounds of badges: white keeps 4.5:1 on each. */
export const TONE = { good: '#1b6e30', bad: '#b02525', doubt: '#9c4100', calm: '#495057' } as const
