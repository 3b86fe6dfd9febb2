"""Who somebody is: sign-in, single sign-on, second factors, sessions, and signing in again.

Django's `contrib.auth` keeps users, hashes and the session's user. Authlib speaks OpenID Connect,
pyotp computes codes. django-allauth was considered and does not fit: its OpenID Connect provider
sends no nonce and does not check the signature of an ID token that it fetched itself, and its rate
limits and the codes already used are kept in the cache, which may be lost at any time here.
"""
