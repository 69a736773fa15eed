import { BuyingSection } from '../parts/buying-section.tsx'
import { Scorecards } from '../parts/scorecards.tsx'
import { useTexts } from '../texts/texts.ts'

/** How suppliers deliver, the worst first. */
export default function Suppliers() {
  const { t } = useTexts()
  return (
    <BuyingSection title={t('buying.scorecards')}>
      <Scorecards />
    </BuyingSection>
  )
}
