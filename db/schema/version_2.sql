-- SPDX-License-Identifier: Apache-2.0
-- What the sparsity method decided for each head. attn_call.token_order stays the order of the heads that name
-- none of their own; it may now be tile_major or clustered, too.

ALTER TABLE attn_head ADD COLUMN method_id INTEGER REFERENCES string(id); -- NULL when not recorded
ALTER TABLE attn_head ADD COLUMN choice_id INTEGER REFERENCES string(id);
ALTER TABLE attn_head ADD COLUMN budget REAL; -- share of the key blocks that it meant to keep
ALTER TABLE attn_head ADD COLUMN threshold REAL; -- in the method's own units
ALTER TABLE attn_head ADD COLUMN source_step INTEGER; -- of what it reused; NULL when nothing
ALTER TABLE attn_head ADD COLUMN token_order INTEGER; -- 0 frame, 1 pixel, 2 tile major, 3 clustered; NULL: the call's

-- A reader of version 1 would take the blocks of a tile for those of a frame.
UPDATE meta SET value = '2' WHERE key = 'min_reader_version';
