BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE budget (
	name VARCHAR NOT NULL, 
	connection VARCHAR NOT NULL, 
	tat FLOAT NOT NULL, 
	paused_until FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE connection (
	name VARCHAR NOT NULL, 
	connector VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE cursor (
	sync VARCHAR NOT NULL, 
	part VARCHAR NOT NULL, 
	position VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	PRIMARY KEY (sync, part)
);
INSERT INTO "cursor" VALUES('leads','','7','bf1c72cc3831bbc8e06a8b8a5e368893','2026-04-01T00:00:00.000000+00:00','01KN35E000EP0X72ENQF4RSQT7');
INSERT INTO "cursor" VALUES('customers','','2','6db3436b8b2ca7b7e3f6d8c645610e77','2026-04-01T00:02:01.000000+00:00','01KN35HP58165HYSXB270MHCYN');
INSERT INTO "cursor" VALUES('invoices','','14','66913942c2723badc8ddb169d6cff175','2026-04-01T00:02:01.000000+00:00','01KN35HP58MVD9AV9MA8QQNAEP');
CREATE TABLE dead_letter (
	id INTEGER NOT NULL, 
	source_id VARCHAR NOT NULL, 
	sync VARCHAR NOT NULL, 
	cause VARCHAR NOT NULL, 
	words VARCHAR NOT NULL, 
	remedy VARCHAR NOT NULL, 
	payload VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	first_at VARCHAR NOT NULL, 
	last_at VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "dead_letter" VALUES(1,'d7','invoices','REQUIRED_FIELD_MISSING','nothing','Correct the record at its source; the next run picks it up.','{"partner":"partner-1","subject":"D7","total":7000}','14','66913942c2723badc8ddb169d6cff175','open',1,'2026-04-01T00:02:01.000000+00:00','2026-04-01T00:02:01.000000+00:00','01KN35HP58MVD9AV9MA8QQNAEP');
CREATE TABLE decision (
	id INTEGER NOT NULL, 
	source_id VARCHAR NOT NULL, 
	sync VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	decided_at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "decision" VALUES(1,'p3','leads','skipped','not_ready','','bf1c72cc3831bbc8e06a8b8a5e368893','3','01KN35E000EP0X72ENQF4RSQT7','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "decision" VALUES(2,'p6','leads','skipped','not_ready','','bf1c72cc3831bbc8e06a8b8a5e368893','6','01KN35E000EP0X72ENQF4RSQT7','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "decision" VALUES(3,'d3','invoices','skipped','not_won','','66913942c2723badc8ddb169d6cff175','5','01KN35E000APZ0S8CWZ8GHSEZJ','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "decision" VALUES(4,'d7','invoices','dead','REQUIRED_FIELD_MISSING','nothing','66913942c2723badc8ddb169d6cff175','14','01KN35HP58MVD9AV9MA8QQNAEP','2026-04-01T00:02:01.000000+00:00');
CREATE TABLE intent (
	id VARCHAR NOT NULL, 
	sync VARCHAR NOT NULL, 
	source_id VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	destination VARCHAR NOT NULL, 
	destination_id VARCHAR, 
	operation VARCHAR NOT NULL, 
	claim VARCHAR, 
	mark VARCHAR NOT NULL, 
	key_field VARCHAR NOT NULL, 
	key_value VARCHAR NOT NULL, 
	payload VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	quiet_until VARCHAR, 
	receipt VARCHAR, 
	error_code VARCHAR NOT NULL, 
	error_words VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	fence INTEGER NOT NULL, 
	created_at VARCHAR NOT NULL, 
	sent_at VARCHAR, 
	done_at VARCHAR, 
	PRIMARY KEY (id)
);
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000001','leads','p1','crm/people','sfa/Lead','Lead-1','create',NULL,'3585e86450a31565f237','Person_Id','p1','{}','67941b152ddc94144ef8d7954d6edf6b','1','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"Lead-1","number":"N-Lead-1"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000002','leads','p2','crm/people','sfa/Lead','Lead-2','create',NULL,'49862839bf13cf490a38','Person_Id','p2','{}','a21f4a7ccee638c5db5a701cd5e2f9f7','2','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"Lead-2","number":"N-Lead-2"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000003','leads','p4','crm/people','sfa/Lead','Lead-3','create',NULL,'65b87bf2470cdffac7ec','Person_Id','p4','{}','2dbe361257501a4f47e3f0ff30979cdc','4','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"Lead-3","number":"N-Lead-3"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000004','leads','p1','crm/people','crm/people','p1','write_back',NULL,'','','','{"lead_id":"Lead-1"}','','1','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"p1","number":"N-p1"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000005','leads','p2','crm/people','crm/people','p2','write_back',NULL,'','','','{"lead_id":"Lead-2"}','','2','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"p2","number":"N-p2"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000006','leads','p4','crm/people','crm/people','p4','write_back',NULL,'','','','{"lead_id":"Lead-3"}','','4','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"p4","number":"N-p4"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000007','leads','p5','crm/people','sfa/Lead','Lead-4','create',NULL,'aa74b4606adec5af4c27','Person_Id','p5','{}','aaa3fa16534484bb3b2fc5124936692f','5','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"Lead-4","number":"N-Lead-4"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000008','leads','p7','crm/people','sfa/Lead','Lead-5','create',NULL,'eed1a79d89177447e0e4','Person_Id','p7','{}','d3065672f7e1381dcb90b6788d85e628','7','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"Lead-5","number":"N-Lead-5"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000009','leads','p5','crm/people','crm/people','p5','write_back',NULL,'','','','{"lead_id":"Lead-4"}','','5','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"p5","number":"N-p5"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000EP0X72ENQF4RSQT70000010','leads','p7','crm/people','crm/people','p7','write_back',NULL,'','','','{"lead_id":"Lead-5"}','','7','bf1c72cc3831bbc8e06a8b8a5e368893','confirmed',1,NULL,'{"id":"p7","number":"N-p7"}','','','01KN35E000EP0X72ENQF4RSQT7',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E0002RSZA8TXBBMKH1680000001','customers','a1','sfa/Account','books/partner','partner-1','create',NULL,'657ba765deac117a1355','code','a1','{}','cc78ca8462cd8d06b20ff723c02ba00e','1','6db3436b8b2ca7b7e3f6d8c645610e77','confirmed',1,NULL,'{"id":"partner-1","number":"N-partner-1"}','','','01KN35E0002RSZA8TXBBMKH168',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E0002RSZA8TXBBMKH1680000002','customers','a2','sfa/Account','books/partner','partner-2','create',NULL,'a4cb532eac3ae13c31cf','code','a2','{}','d88f9f6faa4320e3d2d94814713df14f','2','6db3436b8b2ca7b7e3f6d8c645610e77','confirmed',1,NULL,'{"id":"partner-2","number":"N-partner-2"}','','','01KN35E0002RSZA8TXBBMKH168',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000001','invoices','d1','sfa/Deal','books/invoice','invoice-3','create','books/invoice|sfa/Deal|d1','da82631c6fed276622b4','','','{"partner":"partner-2","subject":"D1","total":1000}','3fd9bb9cf04916a4f9223e8ebfaa8e09','3','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"invoice-3","number":"N-invoice-3"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000002','invoices','d1','sfa/Deal','sfa/Deal','d1','write_back',NULL,'','','','{"invoice_id":"invoice-3"}','','3','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"d1","number":"N-d1"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000003','invoices','d2','sfa/Deal','books/invoice','invoice-4','create','books/invoice|sfa/Deal|d2','9a580f58d8eddab7bc4f','','','{"partner":"partner-1","subject":"D2","total":2000}','be81b321b09f5037459a7f90fda0ccc9','4','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"invoice-4","number":"N-invoice-4"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000004','invoices','d2','sfa/Deal','sfa/Deal','d2','write_back',NULL,'','','','{"invoice_id":"invoice-4"}','','4','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"d2","number":"N-d2"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000005','invoices','d4','sfa/Deal','books/invoice','invoice-5','create','books/invoice|sfa/Deal|d4','9600ee7ec64111dcceec','','','{"partner":"partner-1","subject":"D4","total":4000}','3691e5cbe2c5034e35c840edc4defaf3','6','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"invoice-5","number":"N-invoice-5"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000006','invoices','d4','sfa/Deal','sfa/Deal','d4','write_back',NULL,'','','','{"invoice_id":"invoice-5"}','','6','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"d4","number":"N-d4"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000007','invoices','d5','sfa/Deal','books/invoice','invoice-6','create','books/invoice|sfa/Deal|d5','d556b038f5a607cfd652','','','{"partner":"partner-2","subject":"D5","total":5000}','442654e79bcedbb7c423bbb3e62bf621','7','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"invoice-6","number":"N-invoice-6"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000008','invoices','d5','sfa/Deal','sfa/Deal','d5','write_back',NULL,'','','','{"invoice_id":"invoice-6"}','','7','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"d5","number":"N-d5"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000009','invoices','d6','sfa/Deal','books/invoice','invoice-7','create','books/invoice|sfa/Deal|d6','d321c8668efe4102535e','','','{"partner":"partner-1","subject":"D6","total":6000}','4b78b24a21d15f39147d9978d2c6eef9','8','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"invoice-7","number":"N-invoice-7"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ0000010','invoices','d6','sfa/Deal','sfa/Deal','d6','write_back',NULL,'','','','{"invoice_id":"invoice-7"}','','8','66913942c2723badc8ddb169d6cff175','confirmed',1,NULL,'{"id":"d6","number":"N-d6"}','','','01KN35E000APZ0S8CWZ8GHSEZJ',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "intent" VALUES('01KN35HP58MVD9AV9MA8QQNAEP0000001','invoices','d7','sfa/Deal','books/invoice',NULL,'create','books/invoice|sfa/Deal|d7','54b4c9b21ae7a0ec06c8','','','{"partner":"partner-1","subject":"D7","total":7000}','31620c059746753aebf800d3edc1b4c3','14','66913942c2723badc8ddb169d6cff175','rejected',1,NULL,NULL,'REQUIRED_FIELD_MISSING','nothing','01KN35HP58MVD9AV9MA8QQNAEP',2,'2026-04-01T00:02:01.000000+00:00','2026-04-01T00:02:01.000000+00:00','2026-04-01T00:02:01.000000+00:00');
INSERT INTO "intent" VALUES('01KN35NCAG5HRY7ZWCWXAAY1XF0000001','invoices','d8','sfa/Deal','books/invoice',NULL,'create','books/invoice|sfa/Deal|d8','cd37c3e444b3407d7589','','','{"partner":"partner-1","subject":"D8","total":8000}','c5c731abe923b97a523c0f4f674b93f1','15','66913942c2723badc8ddb169d6cff175','sending',1,NULL,NULL,'','','01KN35NCAG5HRY7ZWCWXAAY1XF',3,'2026-04-01T00:04:02.000000+00:00','2026-04-01T00:04:02.000000+00:00',NULL);
CREATE TABLE lease (
	name VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	machine VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	born VARCHAR NOT NULL, 
	fence INTEGER NOT NULL, 
	since VARCHAR NOT NULL, 
	expires_at VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "lease" VALUES('sync:leads','','host','machine',1,'1',1,'2026-04-01T00:00:00.000000+00:00','2026-04-01T00:02:00.000000+00:00');
INSERT INTO "lease" VALUES('sync:customers','','host','machine',1,'1',2,'2026-04-01T00:02:01.000000+00:00','2026-04-01T00:04:01.000000+00:00');
INSERT INTO "lease" VALUES('sync:invoices','','host','machine',1,'1',3,'2026-04-01T00:04:02.000000+00:00','2026-04-01T00:06:02.000000+00:00');
CREATE TABLE link (
	source_id VARCHAR NOT NULL, 
	sync VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	destination VARCHAR NOT NULL, 
	destination_id VARCHAR NOT NULL, 
	sent VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	linked_at VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	PRIMARY KEY (source_id, sync)
);
INSERT INTO "link" VALUES('p1','leads','crm/people','sfa/Lead','Lead-1','{"Email":"p1@x.jp","Name":"N1","Person_Id":"p1","Status":"new"}','67941b152ddc94144ef8d7954d6edf6b','1','bf1c72cc3831bbc8e06a8b8a5e368893','live','01KN35E000EP0X72ENQF4RSQT7','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "link" VALUES('p2','leads','crm/people','sfa/Lead','Lead-2','{"Email":"p2@x.jp","Name":"N2","Person_Id":"p2","Status":"new"}','a21f4a7ccee638c5db5a701cd5e2f9f7','2','bf1c72cc3831bbc8e06a8b8a5e368893','live','01KN35E000EP0X72ENQF4RSQT7','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "link" VALUES('p4','leads','crm/people','sfa/Lead','Lead-3','{"Email":"p4@x.jp","Name":"N4","Person_Id":"p4","Status":"new"}','2dbe361257501a4f47e3f0ff30979cdc','4','bf1c72cc3831bbc8e06a8b8a5e368893','live','01KN35E000EP0X72ENQF4RSQT7','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "link" VALUES('p5','leads','crm/people','sfa/Lead','Lead-4','{"Email":"p5@x.jp","Name":"N5","Person_Id":"p5","Status":"new"}','aaa3fa16534484bb3b2fc5124936692f','5','bf1c72cc3831bbc8e06a8b8a5e368893','live','01KN35E000EP0X72ENQF4RSQT7','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "link" VALUES('p7','leads','crm/people','sfa/Lead','Lead-5','{"Email":"p7@x.jp","Name":"N7","Person_Id":"p7","Status":"new"}','d3065672f7e1381dcb90b6788d85e628','7','bf1c72cc3831bbc8e06a8b8a5e368893','live','01KN35E000EP0X72ENQF4RSQT7','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "link" VALUES('a1','customers','sfa/Account','books/partner','partner-1','{"code":"a1","name":"A1"}','cc78ca8462cd8d06b20ff723c02ba00e','1','6db3436b8b2ca7b7e3f6d8c645610e77','live','01KN35E0002RSZA8TXBBMKH168','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "link" VALUES('a2','customers','sfa/Account','books/partner','partner-2','{"code":"a2","name":"A2"}','d88f9f6faa4320e3d2d94814713df14f','2','6db3436b8b2ca7b7e3f6d8c645610e77','live','01KN35E0002RSZA8TXBBMKH168','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00');
INSERT INTO "link" VALUES('d1','invoices','sfa/Deal','books/invoice','invoice-3','{"partner":"partner-2","subject":"D1","total":1000}','3fd9bb9cf04916a4f9223e8ebfaa8e09','9','66913942c2723badc8ddb169d6cff175','live','01KN35HP58MVD9AV9MA8QQNAEP','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:02:01.000000+00:00');
INSERT INTO "link" VALUES('d2','invoices','sfa/Deal','books/invoice','invoice-4','{"partner":"partner-1","subject":"D2","total":2000}','be81b321b09f5037459a7f90fda0ccc9','10','66913942c2723badc8ddb169d6cff175','live','01KN35HP58MVD9AV9MA8QQNAEP','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:02:01.000000+00:00');
INSERT INTO "link" VALUES('d4','invoices','sfa/Deal','books/invoice','invoice-5','{"partner":"partner-1","subject":"D4","total":4000}','3691e5cbe2c5034e35c840edc4defaf3','11','66913942c2723badc8ddb169d6cff175','live','01KN35HP58MVD9AV9MA8QQNAEP','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:02:01.000000+00:00');
INSERT INTO "link" VALUES('d5','invoices','sfa/Deal','books/invoice','invoice-6','{"partner":"partner-2","subject":"D5","total":5000}','442654e79bcedbb7c423bbb3e62bf621','12','66913942c2723badc8ddb169d6cff175','live','01KN35HP58MVD9AV9MA8QQNAEP','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:02:01.000000+00:00');
INSERT INTO "link" VALUES('d6','invoices','sfa/Deal','books/invoice','invoice-7','{"partner":"partner-1","subject":"D6","total":6000}','4b78b24a21d15f39147d9978d2c6eef9','13','66913942c2723badc8ddb169d6cff175','live','01KN35HP58MVD9AV9MA8QQNAEP','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:02:01.000000+00:00');
CREATE TABLE match_key (
	"key" VARCHAR NOT NULL, 
	sync VARCHAR NOT NULL, 
	source_id VARCHAR NOT NULL, 
	PRIMARY KEY ("key", sync)
);
INSERT INTO "match_key" VALUES('a99cdb4da3088eef','leads','p1');
INSERT INTO "match_key" VALUES('769f5db2dcd7a44c','leads','p2');
INSERT INTO "match_key" VALUES('f8d5bd49a5fa6046','leads','p4');
INSERT INTO "match_key" VALUES('a5f8badbb0c9227b','leads','p5');
INSERT INTO "match_key" VALUES('9803e617c14953f5','leads','p7');
CREATE TABLE relation (
	from_ref VARCHAR NOT NULL, 
	to_ref VARCHAR NOT NULL, 
	sync VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	seen_at VARCHAR NOT NULL, 
	PRIMARY KEY (from_ref, to_ref)
);
CREATE TABLE run (
	id VARCHAR NOT NULL, 
	sync VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	started_at VARCHAR NOT NULL, 
	finished_at VARCHAR, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	counts VARCHAR NOT NULL, 
	calls VARCHAR NOT NULL, 
	error VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "run" VALUES('01KN35E000EP0X72ENQF4RSQT7','leads','run','done','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','host',1,'{"again":0,"attached":0,"calls":{},"calls_made":0,"created":5,"dead":0,"deferred":0,"error":"","exit_code":0,"finished_at":"2026-04-01T00:00:00+00:00","full":true,"held":0,"in_doubt":0,"left_over":0,"minimum_calls":7,"pages":3,"read":7,"reasons":{"skipped":{"not_ready":2}},"remedy":"","run":"01KN35E000EP0X72ENQF4RSQT7","skipped":2,"started_at":"2026-04-01T00:00:00+00:00","state":"done","sync":"leads","unchanged":0,"updated":0,"waiting":0,"write_back_failed":0,"written_back":5}','{}','');
INSERT INTO "run" VALUES('01KN35E0002RSZA8TXBBMKH168','customers','run','done','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','host',1,'{"again":0,"attached":0,"calls":{},"calls_made":0,"created":2,"dead":0,"deferred":0,"error":"","exit_code":0,"finished_at":"2026-04-01T00:00:00+00:00","full":true,"held":0,"in_doubt":0,"left_over":0,"minimum_calls":3,"pages":1,"read":2,"reasons":{},"remedy":"","run":"01KN35E0002RSZA8TXBBMKH168","skipped":0,"started_at":"2026-04-01T00:00:00+00:00","state":"done","sync":"customers","unchanged":0,"updated":0,"waiting":0,"write_back_failed":0,"written_back":0}','{}','');
INSERT INTO "run" VALUES('01KN35E000APZ0S8CWZ8GHSEZJ','invoices','run','done','2026-04-01T00:00:00.000000+00:00','2026-04-01T00:00:00.000000+00:00','host',1,'{"again":0,"attached":0,"calls":{},"calls_made":0,"created":5,"dead":0,"deferred":0,"error":"","exit_code":0,"finished_at":"2026-04-01T00:00:00+00:00","full":true,"held":0,"in_doubt":0,"left_over":0,"minimum_calls":11,"pages":3,"read":6,"reasons":{"skipped":{"not_won":1}},"remedy":"","run":"01KN35E000APZ0S8CWZ8GHSEZJ","skipped":1,"started_at":"2026-04-01T00:00:00+00:00","state":"done","sync":"invoices","unchanged":0,"updated":0,"waiting":0,"write_back_failed":0,"written_back":5}','{}','');
INSERT INTO "run" VALUES('01KN35HP58165HYSXB270MHCYN','customers','run','done','2026-04-01T00:02:01.000000+00:00','2026-04-01T00:02:01.000000+00:00','host',1,'{"again":0,"attached":0,"calls":{},"calls_made":0,"created":0,"dead":0,"deferred":0,"error":"","exit_code":0,"finished_at":"2026-04-01T00:02:01+00:00","full":false,"held":0,"in_doubt":0,"left_over":0,"minimum_calls":0,"pages":0,"read":0,"reasons":{},"remedy":"","run":"01KN35HP58165HYSXB270MHCYN","skipped":0,"started_at":"2026-04-01T00:02:01+00:00","state":"done","sync":"customers","unchanged":0,"updated":0,"waiting":0,"write_back_failed":0,"written_back":0}','{}','');
INSERT INTO "run" VALUES('01KN35HP58MVD9AV9MA8QQNAEP','invoices','run','done','2026-04-01T00:02:01.000000+00:00','2026-04-01T00:02:01.000000+00:00','host',1,'{"again":0,"attached":0,"calls":{},"calls_made":0,"created":0,"dead":1,"deferred":0,"error":"","exit_code":1,"finished_at":"2026-04-01T00:02:01+00:00","full":false,"held":0,"in_doubt":0,"left_over":1,"minimum_calls":3,"pages":3,"read":6,"reasons":{"dead":{"REQUIRED_FIELD_MISSING":1}},"remedy":"","run":"01KN35HP58MVD9AV9MA8QQNAEP","skipped":0,"started_at":"2026-04-01T00:02:01+00:00","state":"done","sync":"invoices","unchanged":5,"updated":0,"waiting":0,"write_back_failed":0,"written_back":0}','{}','');
INSERT INTO "run" VALUES('01KN35NCAG5HRY7ZWCWXAAY1XF','invoices','run','running','2026-04-01T00:04:02.000000+00:00',NULL,'host',1,'{}','{}','');
CREATE TABLE token (
	connection VARCHAR NOT NULL, 
	sealed VARCHAR NOT NULL, 
	expires_at VARCHAR, 
	updated_at VARCHAR NOT NULL, 
	PRIMARY KEY (connection)
);
INSERT INTO "token" VALUES('books','v1.hY0-Cpz_LmFLntGdRMhD3qTmYHXcLmaDt3Xh5bqGeG6_ZOkFHKbsENU2aVMfsak19Ja4VbAuvIg=',NULL,'2026-04-01T00:04:02.000000+00:00');
CREATE INDEX link_reverse ON link (destination_id, sync);
CREATE INDEX relation_to ON relation (to_ref);
CREATE INDEX intent_source ON intent (source_id, sync);
CREATE INDEX intent_open ON intent (sync) WHERE (state = 'planned' OR state = 'sending' OR state = 'in_doubt');
CREATE UNIQUE INDEX intent_claim ON intent (claim) WHERE (claim IS NOT NULL AND state <> 'rejected' AND state <> 'abandoned');
CREATE INDEX decision_source ON decision (source_id, sync, id);
CREATE INDEX decision_left_over ON decision (sync) WHERE (outcome = 'waiting' OR outcome = 'held');
CREATE UNIQUE INDEX dead_letter_unsolved ON dead_letter (source_id, sync) WHERE (state = 'open' OR state = 'replayed');
CREATE INDEX dead_letter_source ON dead_letter (source_id, sync);
CREATE INDEX run_sync ON run (sync, started_at);
COMMIT;
