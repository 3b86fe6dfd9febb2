"""Messages to people and teams, and webhooks to programs. Both are driven by the audit log.

How to read it:

- `feed` reads the audit log in the order of commits, by the positions of its seals. No event is
  missed, however late its transaction commits.
- `fan_out` turns each new event into rows: messages for the channels of people and teams (`topics`,
  `audience`, `wording`), and deliveries for webhooks. The rows and the cursor are written in one
  transaction, and are unique for each event and recipient, so nothing is lost or doubled there.
- `outbox` claims deliveries that are due: the claim is committed before anything is sent.
- `dispatch` sends several at a time, so that what hangs for one owner does not delay the others.
- `delivery` sends messages (`channels`: mail through Django, everything else with apprise's plugins),
  and `webhooks` posts signed bodies. Both connect through `provisioning.outgoing`.
- `services` is what people do: add, change, test and remove channels, webhooks and allowed
  destinations.

Once or at least once? No protocol here confirms a message exactly once. If a worker ends between
sending and writing the result, nobody knows whether the message arrived. A mail or chat message is
then marked as “perhaps delivered” and never sent again: people are not disturbed twice. A webhook is
sent again with the same `webhook-id`, by which its receiver recognises the repetition: programs miss
nothing. Deliveries of one webhook may arrive in another order than their events.

To add a message for a new audit action, add one line to `audience.RULES` and a sentence to
`wording`.
"""
