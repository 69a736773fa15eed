import { ActionIcon, Alert, Modal, TextInput } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTexts } from '../texts/texts.ts'

/** How a keyboard wedge sends the FNC1 of a GS1 code, and what it stands for. */
const GS = '\u001d'
const LOOK_EVERY_MS = 200

interface Detector {
  detect(from: HTMLVideoElement): Promise<{ rawValue: string }[]>
}
const BarcodeDetector = (
  window as { BarcodeDetector?: new (options?: { formats: string[] }) => Detector }
).BarcodeDetector

/** Takes what a scanner types before its Enter, what a person types, or what the camera sees. */
export function ScanField({
  label,
  onScan,
  wrong,
}: {
  label: string
  onScan(text: string): void
  /** Why the last scan was not taken. */
  wrong?: string | undefined
}) {
  const { t } = useTexts()
  const [typed, setTyped] = useState('')
  const [camera, setCamera] = useState(false)
  const take = (text: string) => {
    setTyped('')
    if (text.trim() !== '') onScan(text.trim())
  }
  useEffect(() => {
    if (wrong) navigator.vibrate?.(200)
  }, [wrong])
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        take(typed)
      }}
    >
      <TextInput
        label={label}
        size="lg"
        autoFocus
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        enterKeyHint="done"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.ctrlKey && event.key === ']') {
            event.preventDefault()
            setTyped(typed + GS)
          }
        }}
        rightSection={
          BarcodeDetector && (
            <ActionIcon
              variant="default"
              size="lg"
              aria-label={t('floor.camera')}
              onClick={() => setCamera(true)}
            >
              ▦
            </ActionIcon>
          )
        }
      />
      {wrong && (
        <Alert color="red" role="alert" mt="xs">
          {wrong}
        </Alert>
      )}
      {camera && (
        <Camera
          close={() => setCamera(false)}
          onCode={(code) => {
            setCamera(false)
            take(code)
          }}
        />
      )}
    </form>
  )
}

function Camera({ onCode, close }: { onCode(code: string): void; close(): void }) {
  const { t } = useTexts()
  const video = useRef<HTMLVideoElement>(null)
  const [refused, setRefused] = useState(false)
  const found = useRef(onCode)
  useEffect(() => {
    found.current = onCode
  })
  useEffect(() => {
    const detector = new BarcodeDetector!()
    let stream: MediaStream | undefined
    let stopped = false
    const stop = () => stream?.getTracks().forEach((track) => track.stop())
    const look = async () => {
      const [code] = video.current ? await detector.detect(video.current).catch(() => []) : []
      if (code && !stopped) found.current(code.rawValue)
    }
    navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }).then(
      (opened) => {
        stream = opened
        if (stopped) return stop()
        video.current!.srcObject = opened
        // Closed again before the first picture came.
        video.current!.play().catch(() => {})
      },
      () => setRefused(true),
    )
    const timer = setInterval(() => void look(), LOOK_EVERY_MS)
    return () => {
      stopped = true
      clearInterval(timer)
      stop()
    }
  }, [])
  return (
    <Modal
      opened
      onClose={close}
      title={t('floor.camera')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {refused ? (
        <Alert color="red">{t('floor.noCamera')}</Alert>
      ) : (
        <video ref={video} muted playsInline width="100%" aria-label={t('floor.camera')} />
      )}
    </Modal>
  )
}
