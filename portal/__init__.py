"""The portal's pages. They show what `provisioning` knows, and pass on what people decide.

How to read it
    `urls.py` lists every URL with its view. A view in `pages/<page>/views.py` looks an object up with the user's
    permissions (`web/lookups.py`), calls one service of `provisioning.lifecycle.services`, or builds the page. The page
    is a frozen dataclass in `pages/<page>/page.py`, and its template reads nothing but `page` and the frame's context
    (`web/context.py`). Services raise the errors of `provisioning.errors`; `web/errors.py` turns them into error pages.
    `panels/` shows the parts of a plan and is described there. `web/` is what several pages share, and what an API needs
    too: lookups, lists with cursors, formats, history and health.

Trade-offs
    A page object holds typed objects of the domain and not copies of all their fields, so that a template can show one
    more field without a change in Python. It holds everything that needs a decision: a template has no rules, and
    compares only to choose markup. Panels are found by their place in the folder, and pages are listed in `urls.py`,
    because a URL is a promise and a panel is not. Each page loads the shared style sheets and its own; there is no build
    step and no inline style, because the content security policy forbids inline styles.

Add a page
    1. `pages/<page>/page.py`: a frozen dataclass, and a function `<page>_page(user, …)` that builds it. All queries are
       here. Apply `lifecycle.access.visible` to rows.
    2. `pages/<page>/views.py`: one function for each URL, with `require_safe` or `require_POST`. A GET never writes.
       `pages/<page>/forms.py` if the page has a form.
    3. `templates/pages/<page>/page.html`, which extends `base.html`. Shared includes get their values explicitly:
       `{% include "web/…" with … only %}`.
    4. `static/css/<page>.css` if the shared styles are not enough, loaded in the template's block `styles`.
    5. One line in `urls.py`. The tests of access, of writes in a GET and of URLs visit the page from then on. If a URL
       changes, keep the old one in `moved_pages`.

Add a panel
    One module in `panels/` and one template in `templates/panels/`; see `panels/__init__.py`.
"""
