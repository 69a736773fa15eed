/** What the guards of tax refuse, by their constraint. */
export const taxRefusals = {
  tax_registration_begins_later: {
    code: 'RegistrationBeginsEarlier',
    message:
      'Another registration of this jurisdiction begins on that day or later: give the new one a later day.',
  },
  tax_rate_pkey: {
    code: 'TaxRateKnown',
    message:
      'A rate of this jurisdiction and category begins on that day: state the new one from a later day.',
  },
  tax_area_pkey: {
    code: 'TaxRateKnown',
    message: 'This range of postal codes is known from that day: state it from a later day.',
  },
  exemption_certificate_once: {
    code: 'CertificateKnown',
    message:
      'The customer has a certificate of this number: send the new one under its own number.',
  },
  exemption_by_another: {
    code: 'SameVerifier',
    message: 'You captured this certificate: somebody else has to decide on it.',
  },
  exemption_decided_once: {
    code: 'CertificateDecided',
    message:
      'This certificate is verified or rejected once, and only a verified one is revoked: read it again.',
  },
  tax_return_once: {
    code: 'TaxReturnKnown',
    message:
      'This return, or a later one, is prepared or filed: what has come since goes into the next.',
  },
  tax_return_by_another: {
    code: 'SameFiler',
    message: 'You prepared this return: somebody else has to file or reject it.',
  },
  tax_return_state: {
    code: 'TaxReturnState',
    message:
      'A prepared return is filed or rejected, and only a filed one is paid, once: read it again.',
  },
}
