//! What one connection has used up. It survives STARTTLS and EHLO, so that neither buys a second helping.

use super::Config;
use crate::said::Said;

#[derive(Debug, Default)]
pub(crate) struct Used {
    commands: u32,
    bad_commands: u32,
    transactions: u32,
    refused_recipients: u32,
    /// Both, and never taken back.
    mistakes: u32,
}

impl Used {
    pub(crate) fn command(&mut self, config: &Config) -> Result<(), Said> {
        self.commands = self.commands.saturating_add(1);
        within(self.commands, config.max_commands, Said::TooManyCommands)
    }

    /// The command just counted brought content: a large message may come in thousands of chunks.
    pub(crate) fn content(&mut self) {
        self.commands = self.commands.saturating_sub(1);
    }

    pub(crate) fn bad_command(&mut self, config: &Config) -> Result<(), Said> {
        self.mistakes = self.mistakes.saturating_add(1);
        self.bad_commands = self.bad_commands.saturating_add(1);
        within(self.bad_commands, config.max_bad_commands, Said::TooManyErrors)
    }

    pub(crate) fn transaction(&mut self, config: &Config) -> Result<(), Said> {
        self.transactions = self.transactions.saturating_add(1);
        within(self.transactions, config.max_transactions, Said::TooManyCommands)
    }

    pub(crate) fn refused_recipient(&mut self, config: &Config) -> Result<(), Said> {
        self.mistakes = self.mistakes.saturating_add(1);
        self.refused_recipients = self.refused_recipients.saturating_add(1);
        within(self.refused_recipients, config.max_refused_recipients, Said::TooManyErrors)
    }

    pub(crate) const fn mistakes(&self) -> u32 {
        self.mistakes
    }

    /// Whoever brings good mail may know some recipients that are gone.
    pub(crate) fn message_accepted(&mut self) {
        self.refused_recipients = 0;
    }
}

fn within(used: u32, limit: u32, said: Said) -> Result<(), Said> {
    if used > limit { Err(said) } else { Ok(()) }
}
