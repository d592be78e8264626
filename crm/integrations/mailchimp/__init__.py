"""Everything about Mailchimp: the audience is kept like the clients who agreed to get mail."""
