import { describeConfig } from '#config'

/** `npm run config`: the environment variables as a table for docs/operations. */
console.log('| Variable | Default | Meaning |\n|---|---|---|')
for (const { name, fallback, meaning } of describeConfig())
  console.log(`| \`${name}\` | ${fallback && `\`${fallback}\``} | ${meaning} |`)
