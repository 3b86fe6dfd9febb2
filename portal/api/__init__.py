"""The REST API: what people do on the pages, for programs.

**The same services.** A route reads its arguments, calls the service or the read function that a page
calls, and describes the result as data. It decides nothing. Access rules, four eyes, rules of admins
and the audit log therefore hold here without a second implementation.

**How to read it.** `app` builds the API from the routers in `v1/`, one module for each noun.
`auth` finds the caller by the token, `errors` turns the errors of services into problem documents
(RFC 9457), `idempotency` answers repeated calls, `conditional` adds ETags, `rate_limit` counts calls,
`paging` reads lists by cursor, and `document` completes the OpenAPI document, of which
`openapi.json` is the committed copy.

**Decisions.** A session cookie is not accepted, so that no page of another site can call the API. A
token never allows more than its owner's rights of this moment. Service tokens never approve. Every
creating call needs an Idempotency-Key, because a program that gets no answer must be able to ask
again. What is shown once (a webhook's secret, an invitation's link) is null in a repeated answer. A
token needs no recent sign-in, because creating it needed one: its scopes say what it may do, `admin`
for accounts, rules and people. Passwords, second factors, sessions, new tokens, roles outside teams
and delegations remain in the browser; `tests/portal/api/test_coverage_of_pages.py` names each page with
its operations or the reason why it has none. A long poll is a conditional GET with `Prefer: wait=30`
(RFC 7240); it holds no thread, because the front of the web process repeats the question (`waiting`).

To add a route, write it in the module of its noun with `operation_id`, a summary, an example, and
`responses(...)` for its answers, add its access to `tests/portal/api/routes.py`, and run
`manage.py openapi` to update the committed document.
"""
