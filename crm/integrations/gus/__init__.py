"""Companies looked up by NIP in the register of the Polish statistical office (GUS BIR)."""
