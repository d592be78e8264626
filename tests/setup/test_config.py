"""Settings from the environment: what they become, and what stops the start."""

import multiprocessing
import stat
from datetime import timedelta
from pathlib import Path

import pytest

import config


def load(tmp_path: Path, **environ: str) -> dict:
    return config.load({"CRM_INSTANCE": str(tmp_path), **environ})


def complaint(tmp_path: Path, **environ: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        load(tmp_path, **environ)
    return str(stopped.value)


def test_defaults(tmp_path):
    settings = load(tmp_path)
    assert settings["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/crm.db"
    assert (settings["CRM_HOST"], settings["CRM_PORT"]) == ("127.0.0.1", 8080)
    assert settings["CRM_URL"] == "http://127.0.0.1:8080"
    assert settings["CRM_VISIBILITY"] == "team"
    assert settings["CRM_LOOPBACK"]
    assert not settings["SESSION_COOKIE_SECURE"]


def test_instance_folder_is_made_and_private(tmp_path):
    load(tmp_path / "deep/er")
    assert stat.S_IMODE((tmp_path / "deep/er").stat().st_mode) == 0o700


def test_instance_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    assert complaint(tmp_path / "file").startswith("CRM_INSTANCE: ")


def test_every_setting_is_in_the_result(tmp_path):
    assert {s.name for s in config.SETTINGS} <= load(tmp_path).keys()


def test_pages_learn_what_the_environment_set(tmp_path):
    settings = load(tmp_path, CRM_LOCALE="pl", CRM_TIMEZONE="")
    assert settings["CRM_FROM_ENVIRONMENT"] == {"CRM_INSTANCE", "CRM_LOCALE"}
    assert settings["CRM_TIMEZONE"] == "UTC"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_by_any_of_its_names(tmp_path, scheme):
    settings = load(tmp_path, CRM_DATABASE_URL=f"{scheme}://crm:p%40ss@db/crm")
    assert settings["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://crm:p%40ss@db/crm"
    assert settings["SQLALCHEMY_ENGINE_OPTIONS"]["pool_pre_ping"]


def test_relative_sqlite_path_starts_at_the_instance_folder(tmp_path):
    settings = load(tmp_path, CRM_DATABASE_URL="sqlite:///other.db")
    assert settings["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/other.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRM_DATABASE_URL", "mysql://localhost/crm"),
        ("CRM_DATABASE_URL", "sqlite://"),
        ("CRM_DATABASE_URL", "nonsense"),
        ("CRM_SECRET_KEY", "short"),
        ("CRM_HOST", "http://127.0.0.1"),
        ("CRM_PORT", "0"),
        ("CRM_PORT", "http"),
        ("CRM_PORT", "²"),
        ("CRM_URL", "crm.example.com"),
        ("CRM_URL", "https://[crm"),
        ("CRM_PROXIES", "-1"),
        ("CRM_VISIBILITY", "everyone"),
        ("CRM_TIMEZONE", "Mars/Olympus"),
        ("CRM_LOCALE", "de"),
        ("MAILCHIMP_API_KEY", "nodatacentre"),
        ("MAILCHIMP_API_URL", "us21"),
        ("PEPPOL_DNS", "127.0.0.1"),
        ("PEPPOL_DNS", "127.0.0.1:dns"),
        ("PEPPOL_ALLOW_PRIVATE", "perhaps"),
        ("SMTP_URL", "http://mail"),
        ("IMAP_URL", "imap://"),
    ],
)
def test_nonsense_stops_the_start_with_one_sentence(tmp_path, name, value):
    message = complaint(tmp_path, **{name: value})
    assert message.startswith(f"{name} must ")
    assert message.endswith(".")
    assert "\n" not in message


def test_secrets_are_not_repeated(tmp_path):
    message = complaint(tmp_path, CRM_DATABASE_URL="mysql://crm:hunter2@localhost/crm")
    assert "hunter2" not in message


def test_unknown_variable(tmp_path):
    assert complaint(tmp_path, CRM_DATABSE_URL="x").endswith("did you mean CRM_DATABASE_URL?")
    assert complaint(tmp_path, CRM_QWXZ="x") == "CRM_QWXZ is not a setting of the CRM."
    load(tmp_path, OTHER_THING="x")


def test_mailchimp_key_without_data_centre_is_fine_with_an_address(tmp_path):
    settings = load(tmp_path, MAILCHIMP_API_KEY="test", MAILCHIMP_API_URL="http://127.0.0.1:8402/3.0/")
    assert settings["MAILCHIMP_API_URL"] == "http://127.0.0.1:8402/3.0"


def test_https_makes_cookies_secure(tmp_path):
    settings = load(tmp_path, CRM_URL="https://crm.example.com/")
    assert settings["CRM_URL"] == "https://crm.example.com"
    assert settings["SESSION_COOKIE_SECURE"]
    assert "crm.example.com" in settings["TRUSTED_HOSTS"]


def test_trusted_hosts(tmp_path):
    assert load(tmp_path)["TRUSTED_HOSTS"] == ["127.0.0.1", "::1", "localhost"]
    assert "10.0.0.7" in load(tmp_path, CRM_HOST="10.0.0.7")["TRUSTED_HOSTS"]
    everywhere = load(tmp_path, CRM_HOST="0.0.0.0")
    assert not everywhere["CRM_LOOPBACK"]
    assert "0.0.0.0" not in everywhere["TRUSTED_HOSTS"]


def test_nobody_gets_in_by_default(tmp_path):
    """Defaults of Flask-AppBuilder that are too trusting."""
    settings = load(tmp_path)
    assert "AUTH_ROLE_PUBLIC" not in settings
    assert "FAB_ALLOW_GET_UNSAFE_MUTATIONS" not in settings
    assert settings["RATELIMIT_ENABLED"]
    assert settings["FAB_PASSWORD_COMPLEXITY_ENABLED"]
    assert settings["JWT_REFRESH_TOKEN_EXPIRES"] <= timedelta(days=1)
    assert settings["SESSION_COOKIE_HTTPONLY"]
    assert settings["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_secret_key_is_kept_private_and_has_another_for_tokens(tmp_path):
    first, second = load(tmp_path), load(tmp_path)
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) == 64
    assert first["JWT_SECRET_KEY"] not in ("", first["SECRET_KEY"])
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_given_secret_key_leaves_no_file(tmp_path):
    assert load(tmp_path, CRM_SECRET_KEY="k" * 32)["SECRET_KEY"] == "k" * 32
    assert not (tmp_path / "secret_key").exists()


def secret_of(folder: str) -> str:
    return config.load({"CRM_INSTANCE": folder})["SECRET_KEY"]


def test_processes_that_start_together_agree_on_the_secret_key(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as processes:
        keys = processes.map(secret_of, [str(tmp_path)] * 16, chunksize=1)
    assert len(set(keys)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com/files",
        "s3://",
        "s3://bucket?endpiont=https://s3.example.com",
        "s3://bucket/a folder",
        "/var/files",
    ],
)
def test_a_bucket_is_named_rightly(tmp_path, value):
    assert complaint(tmp_path, CRM_FILES_URL=value).startswith(
        "CRM_FILES_URL must be an address such as s3://"
    )
    good = "s3://key:secret@bucket/folder?endpoint=https://s3.example.com&region=eu-1"
    assert load(tmp_path, CRM_FILES_URL=good)["CRM_FILES_URL"] == good


def test_a_request_may_be_as_large_as_some_files(tmp_path):
    assert load(tmp_path)["MAX_CONTENT_LENGTH"] == 100 * 1024**2
    assert load(tmp_path, CRM_UPLOAD_LIMIT_MB="5")["MAX_CONTENT_LENGTH"] == 64 * 1024**2
