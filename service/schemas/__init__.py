"""What travels over HTTP. With `service.settings` the only Pydantic; everything inside is frozen
values and rows."""
