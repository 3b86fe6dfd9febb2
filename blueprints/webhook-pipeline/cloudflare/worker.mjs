// Hands a webhook on to the receiver under the receiver's own name: a function URL answers to no other. The secret
// header and the name that was called were added before, by the rule in main.tf.
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    url.protocol = "https:";
    url.hostname = env.RECEIVER_HOST;
    url.port = "";
    return fetch(new Request(url, request), { redirect: "manual" });
  },
};
