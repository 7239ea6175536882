// Runs the example of the first description of the product, unchanged, as a browser's page would:
// fetch takes addresses relative to the site, `token` and `audioFile` are there.
import { readFile } from 'node:fs/promises';

const [site, token, examplePath, audioPath] = process.argv.slice(2);
const example = await readFile(examplePath, 'utf8');
const audioFile = new File([await readFile(audioPath)], 'voice.flac', { type: 'audio/flac' });
const answers = [];

async function siteFetch(path, options) {
  const answer = await fetch(site + path, options);
  answers.push({ path, status: answer.status, location: answer.headers.get('location') });
  return answer;
}

const AsyncFunction = (async () => {}).constructor;
const run = new AsyncFunction('fetch', 'token', 'audioFile', `${example}\nreturn { sample, model, synthesis };`);
const result = await run(siteFetch, token, audioFile);
console.log(JSON.stringify({ ...result, answers }));
