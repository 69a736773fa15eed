/**
 * Codes that come from HTTP itself and not from the business; they stand at the end of
 * /docs/refusals, so that the `type` of every problem leads somewhere.
 */
export const problemCodes: Record<string, string> = {
  AlreadyExists: 'A record with this key exists: read it and change it instead.',
  AlreadyStarted: 'This process runs already: read it instead of starting it.',
  BadRequest: 'The request cannot be read: compare it with /docs.',
  BodyTooLarge: 'Send less at a time: 1 MB, webhooks 2 MB, imports 32 MB.',
  Busy: 'Others change the same records: repeat with the same key after Retry-After.',
  DatabaseUnavailable: 'Repeat with the same key after Retry-After.',
  HeadersTooLarge: 'Send fewer or shorter headers.',
  InvalidValue: 'A value is out of the range that can be stored: compare it with /docs.',
  MalformedUrl: 'Escape the address by percent encoding.',
  NotAnswered: 'The process does not answer this question: it may be an older version.',
  NotGranted: 'The database role lacks a right: a bug of the installation, tell the ops team.',
  ProcessFailed: 'Read the history of the process; the ops team can repeat the step.',
  ProcessRefused: 'Read the state of the process, then decide again.',
  RequestTimeout: 'The request did not come in whole within its time: send it again.',
  RuleBroken: 'A value breaks a rule of the record named in the detail.',
  UnknownReference: 'Create what is named first, or name something that exists.',
  UriTooLong: 'Shorten the address.',
}
