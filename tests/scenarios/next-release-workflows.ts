/** The workflows as another release would bundle them: the same story, another bundle. */
export * from '#workflows/index'
export const release = 'next'
