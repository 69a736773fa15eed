/** What the guards of closes refuse, by their constraint. */
export const closeRefusals = {
  close_duties: {
    code: 'CloseDuties',
    message: 'You prepared this yourself: somebody else has to sign it.',
  },
  close_review_of_latest: {
    code: 'ReviewOutdated',
    message: 'This has been prepared anew: read what stands there now, then review that.',
  },
  close_material: {
    code: 'DifferenceMaterial',
    message:
      'The difference is above what is material: correct it where it comes from, or reclassify it.',
  },
  close_tasks_open: {
    code: 'CloseTasksOpen',
    message: 'Tasks of the close that this lock waits for are not done: see to them first.',
  },
}
