"""The archive of documents (電子帳簿保存法): a chain of entries, and their contents."""
