// 1. Upload voice sample
const formData = new FormData();
formData.append('audio', audioFile);

const uploadRes = await fetch('/api/voice/upload', {
  method: 'POST',
  headers: { 'Authorization': `Bearer ${token}` },
  body: formData
});
const { sample } = await uploadRes.json();

// 2. Create voice model
const cloneRes = await fetch('/api/voice/clone', {
  method: 'POST',
  headers: {
    'Authorization': `Bearer ${token}`,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    sample_id: sample.id,
    name: 'My Voice',
    language: 'en'
  })
});
const { model } = await cloneRes.json();

// 3. Synthesize speech
const synthRes = await fetch('/api/voice/synthesize', {
  method: 'POST',
  headers: {
    'Authorization': `Bearer ${token}`,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    model_id: model.id,
    text: 'Hello, world!',
    output_format: 'mp3'
  })
});
const { synthesis } = await synthRes.json();
