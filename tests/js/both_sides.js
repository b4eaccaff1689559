// What the page's scripts make of messages of the server's, and what they send: tests/view/test_javascript.py
// gives the one on standard input, and reads the other from standard output.

import { decode, pictureMessage } from "../../cla/view/static/client.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { messages, picture } = JSON.parse(Buffer.concat(chunks).toString());

const bytesOf = (text) => Uint8Array.from(Buffer.from(text, "base64")).buffer;
const decoded = messages.map((message) => {
  const { header, arrays } = decode(bytesOf(message));
  const entries = Object.entries(arrays).map(([name, { data, shape }]) => [name, { data: [...data], shape }]);
  return { header, arrays: Object.fromEntries(entries) };
});

const sent = Buffer.from(pictureMessage(picture.takenS, bytesOf(picture.jpeg)));
console.log(JSON.stringify({ decoded, picture: sent.toString("base64") }));
