import { Alert, Button, Modal, Paper, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { answer, api } from '../client.ts'
import { session, useSession } from '../session.ts'
import { useTexts } from '../texts/texts.ts'
import { Failure } from './answer.tsx'

/** The first page; `again` lies over the page that was open, which keeps what was typed there. */
export function Login({ again = false }: { again?: boolean }) {
  const { t } = useTexts()
  if (!again)
    return (
      <main>
        <Paper withBorder shadow="sm" p="xl" maw={24 * 16} mx="auto" mt="15vh">
          <Title order={1} size="h2" mb="md">
            {t('app.name')}
          </Title>
          <Form />
        </Paper>
      </main>
    )
  return (
    <Modal
      opened
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t('login.title')}
    >
      <Alert color="yellow" mb="md">
        {t('login.expired')}
      </Alert>
      <Form />
    </Modal>
  )
}

function Form() {
  const { t } = useTexts()
  const client = useQueryClient()
  const known = useSession().open?.email ?? ''
  const [email, setEmail] = useState(known)
  const [password, setPassword] = useState('')
  const login = useMutation({
    mutationFn: () => answer(api.POST('/v1/login', { body: { email, password } })),
    onSuccess: async ({ token, expiresInSeconds, user }) => {
      const expiresAt = Date.now() + expiresInSeconds * 1000
      // Somebody else sees nothing of what the one before them saw.
      if (user.email !== known) client.clear()
      session.enter({ token, email: user.email, userId: user.id, expiresAt })
      await client.invalidateQueries()
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        login.mutate()
      }}
    >
      <Stack>
        <TextInput
          label={t('login.email')}
          type="email"
          autoComplete="username"
          required
          data-autofocus={known === '' || undefined}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('login.password')}
          autoComplete="current-password"
          required
          data-autofocus={known !== '' || undefined}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {login.error && <Failure error={login.error} />}
        <Button type="submit" loading={login.isPending}>
          {t('login.submit')}
        </Button>
      </Stack>
    </form>
  )
}
