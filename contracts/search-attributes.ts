import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'

/** What people filter processes by in Temporal UI; temporal-dev.yml registers the same names. No personal data. */
export const processKey = defineSearchAttributeKey('Process', SearchAttributeType.KEYWORD)
export const phaseKey = defineSearchAttributeKey('Phase', SearchAttributeType.KEYWORD)
export const channelKey = defineSearchAttributeKey('Channel', SearchAttributeType.KEYWORD)
export const entityKey = defineSearchAttributeKey('Entity', SearchAttributeType.KEYWORD)
export const siteKey = defineSearchAttributeKey('Site', SearchAttributeType.KEYWORD_LIST)
export const businessIdKey = defineSearchAttributeKey('BusinessId', SearchAttributeType.KEYWORD)
export const exceptionTypeKey = defineSearchAttributeKey(
  'ExceptionType',
  SearchAttributeType.KEYWORD_LIST,
)
export const waitingForKey = defineSearchAttributeKey('WaitingFor', SearchAttributeType.KEYWORD)
export const moneyAtRiskKey = defineSearchAttributeKey('MoneyAtRisk', SearchAttributeType.INT)
