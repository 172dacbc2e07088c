// Uploads one file with tus-js-client, which knows nothing of Xuncha, and prints what happens as JSON lines.
//
//   node upload.mjs '{"file": …, "endpoint": …, "token": …, "sha256": "sha256:…", "type": "image/jpeg"}'
//
// May be added: chunkSize, retryDelays, uploadDataDuringCreation, and storage, a file that remembers uploads
// so that a later process goes on with one. Exit code 0 when the client believes that the file is there whole.
import { createReadStream, writeSync } from 'node:fs'
import * as tus from 'tus-js-client'

const { file, endpoint, token, sha256, type, storage, ...options } = JSON.parse(process.argv[2])

// Written at once: whoever kills this process wants to know how far it had come.
const say = (event, more) => writeSync(1, `${JSON.stringify({ event, ...more })}\n`)

const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { sha256, type },
  retryDelays: [],
  ...options,
  ...(storage && { urlStorage: new tus.FileUrlStorage(storage) }),
  storeFingerprintForResuming: storage !== undefined,
  onUploadUrlAvailable: () => say('started', { url: upload.url }),
  onBeforeRequest: (request) => {
    const offset = request.getHeader('Upload-Offset')
    say('request', { method: request.getMethod(), ...(offset !== undefined && { offset: Number(offset) }) })
  },
  onProgress: (sent, total) => say('progress', { sent, total }),
  onChunkComplete: (len, accepted) => say('chunk', { len, accepted }),
  onShouldRetry: (error, attempt) => {
    const status = error.originalResponse?.getStatus() ?? 0
    // What the client itself would decide; only the word about it is ours.
    const retry = status < 400 || status > 499 || status === 409 || status === 423
    if (retry) say('retry', { attempt, status })
    return retry
  },
  onError: (error) => {
    say('error', { status: error.originalResponse?.getStatus() ?? 0, message: error.message })
    process.exitCode = 1
  },
  onSuccess: () => say('done', { url: upload.url }),
})

if (storage) {
  const [previous] = await upload.findPreviousUploads()
  if (previous) {
    say('found', { url: previous.uploadUrl })
    upload.resumeFromPreviousUpload(previous)
  }
}
upload.start()
