from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
def test_it_is_well_while_the_database_answers(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.django_db(transaction=True)
def test_it_is_not_well_without_a_database(client: Client) -> None:
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = "there_is_no_such_database"
    try:
        answer = client.get("/healthz")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    assert answer.status_code == 503
    assert b"there_is_no" not in answer.content


@pytest.mark.django_db
def test_it_answers_a_load_balancer_which_knows_an_address_and_no_name(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["portal.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz", headers={"host": "10.0.32.17:8000"}).status_code == 200
    assert client.get("/sign-in/", headers={"host": "10.0.32.17:8000"}, secure=True).status_code == 400
