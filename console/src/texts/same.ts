/** The same texts in another language. */
export type Same<T> = { [Key in keyof T]: T[Key] extends string ? string : Same<T[Key]> }
