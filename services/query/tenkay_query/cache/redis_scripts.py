"""What is done in Redis in one step, in Lua.

Sequences are compared as text, shard by shard, since they may be larger than Lua's numbers are exact. A generation is
kept with its epoch before it: one of another epoch counts as missing, so that a new epoch voids the generations too (a
store that was set back to an older state counts from there again, and a maximum would never fall). One that was made
void by hand carries a mark after its sequence, so that it equals none before.

A value that none of these scripts can have written, or a key of another type, counts as missing and is written over:
`redis_values` judges by the same rules. So every value is read with `value` or what rests on it.
"""

from __future__ import annotations

from tenkay.sequences import MAX_TOKEN_CHARACTERS
from tenkay_query.cache.envelope import EPOCH_BYTES

_VALUES = f"""
local function value(key)
  local held = redis.pcall('GET', key)
  return type(held) == 'string' and held
end
local function token(key)
  local held = value(key)
  return held and #held == {EPOCH_BYTES} and held
end
local function number_of(text, digits)
  return #text <= digits and (text == '0' or not string.find(text, '^0'))
end
local function is_sequence(text)
  if text == '' or #text > {MAX_TOKEN_CHARACTERS} then return false end
  local seen = {{}}
  for part in string.gmatch(text .. ',', '([^,]*),') do
    local shard, number = string.match(part, '^(%d+)%.(%d+)$')
    if not shard or seen[shard] or not number_of(shard, 5) or not number_of(number, 19) then return false end
    seen[shard] = true
  end
  return true
end
local function sequence(key)
  local held = value(key)
  return held and is_sequence(held) and held
end
"""

_SEQUENCES = (
    _VALUES
    + """
local function parts(token)
  local numbers = {}
  for shard, number in string.gmatch(token or '', '(%d+)%.(%d+)') do numbers[shard] = number end
  return numbers
end
local function greater(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end
local function without_mark(held)
  return held and string.gsub(held, '!.*', '')
end
local function generation(key, epoch)
  local held = value(key)
  if not held or string.sub(held, 1, #epoch) ~= epoch then return false end
  local found = string.sub(held, #epoch + 1)
  local bare = without_mark(found)
  if bare ~= found and not string.find(found, '^[^!]*!' .. string.rep('[0-9a-f]', 16) .. '$') then return false end
  if bare == '' then return bare ~= found and found end
  return is_sequence(bare) and found
end
"""
)

ADVANCE = (
    _SEQUENCES
    + """
-- KEYS: epoch, position, alive, seen, generations...
-- ARGV: position, asserted, new epoch, alive ms, now ms, generation seconds, sequences...
local function merge(first, second)
  local numbers = parts(first)
  for shard, number in pairs(parts(second)) do
    if not numbers[shard] or greater(number, numbers[shard]) then numbers[shard] = number end
  end
  local shards = {}
  for shard in pairs(numbers) do shards[#shards + 1] = shard end
  table.sort(shards, function(a, b) return greater(b, a) end)
  for place, shard in ipairs(shards) do shards[place] = shard .. '.' .. numbers[shard] end
  return table.concat(shards, ',')
end

local held = sequence(KEYS[2])
local lost = not held or not token(KEYS[1])
if held then
  local numbers = parts(held)
  for shard, number in pairs(parts(ARGV[2])) do
    if not numbers[shard] or greater(number, numbers[shard]) then lost = true end
  end
end
if lost then redis.call('SET', KEYS[1], ARGV[3]) end
local followed = parts(held or '')
local function is_news(sequence)
  for shard, number in pairs(parts(sequence)) do
    if not followed[shard] or greater(number, followed[shard]) then return true end
  end
  return false
end
local epoch = token(KEYS[1])
for place = 5, #KEYS do
  -- What has been told before is left alone: where the generation is lost, a later change may be lost with it, and
  -- where it is not, writing it again would tell all processes to forget what hangs on it.
  if is_news(ARGV[place + 2]) then
    local before = without_mark(generation(KEYS[place], epoch))
    local raised = merge(before or '', ARGV[place + 2])
    if raised ~= before then redis.call('SET', KEYS[place], epoch .. raised, 'EX', ARGV[6]) end
  end
end
redis.call('SET', KEYS[2], merge(held or '', ARGV[1]))
redis.call('SET', KEYS[3], '1', 'PX', ARGV[4])
redis.call('SET', KEYS[4], ARGV[5])
return lost and 1 or 0
"""
)
"""Raises generations and position by maximum and notes that the feed is followed; 1 when a new epoch was begun."""

KEEP = (
    _SEQUENCES
    + """
-- KEYS: epoch, position, kind's epoch, entry, generations...
-- ARGV: epoch, as-of sequence, ms to live, generation seconds, entry, kind's epoch, whether it was known (1 or 0),
--   known generations ('' for missing)...
if token(KEYS[1]) ~= ARGV[1] then return 0 end
local kind = token(KEYS[3])
if kind ~= ARGV[6] and (kind or ARGV[7] == '1') then return 0 end
local missing = {}
for place = 5, #KEYS do
  local known, current = ARGV[place + 3], generation(KEYS[place], ARGV[1])
  if known ~= '' then
    if current ~= known then return 0 end
  elseif current and current ~= ARGV[2] then
    return 0
  elseif not current then
    missing[#missing + 1] = KEYS[place]
  end
end
if #missing > 0 then
  -- A change between the state read and the position may have raised these, and have been forgotten since.
  local followed = sequence(KEYS[2])
  if not followed then return 0 end
  local read = parts(ARGV[2])
  for shard, number in pairs(parts(followed)) do
    if read[shard] and greater(number, read[shard]) then return 0 end
  end
  for _, key in ipairs(missing) do redis.call('SET', key, ARGV[1] .. ARGV[2], 'EX', ARGV[4]) end
end
if not kind then redis.call('SET', KEYS[3], ARGV[6]) end
redis.call('SET', KEYS[4], ARGV[5], 'PX', ARGV[3])
return 1
"""
)
"""Keeps an entry if all that it hangs on is still as it was when the question was looked up; 1 when kept."""

START_OVER = """
-- KEYS: epoch, position, alive, seen   ARGV: new epoch
redis.call('SET', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
return 1
"""
"""Begins a new epoch and forgets the position."""

VOID = (
    _SEQUENCES
    + """
-- KEYS: epoch, generations...   ARGV: mark, generation seconds
local epoch = token(KEYS[1])
if not epoch then return 0 end
for place = 2, #KEYS do
  local held = without_mark(generation(KEYS[place], epoch)) or ''
  redis.call('SET', KEYS[place], epoch .. held .. '!' .. ARGV[1], 'EX', ARGV[2])
end
return 1
"""
)
"""Makes void all that hangs on some generations: their sequences stay, with a mark that no entry carries."""

TAKE = (
    _VALUES
    + """
-- KEYS: lock   ARGV: holder, ms
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
-- A client that lost the answer asks again: it has the lock.
if value(KEYS[1]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
-- Nobody takes a lock without an end: that one would hold up all who come.
if redis.call('PTTL', KEYS[1]) ~= -1 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
)
"""Takes a lock, unless somebody else has it; 1 when taken."""

RENEW = (
    _VALUES
    + """
-- KEYS: lock   ARGV: holder, ms
if value(KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
)
"""Holds a lock for longer, if it is still the holder's."""

RELEASE = (
    _VALUES
    + """
-- KEYS: lock   ARGV: holder
if value(KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
)
"""Gives a lock back, if it is still the holder's."""

ASKED = (
    _VALUES
    + """
-- KEYS: asked, as of   ARGV: now, half-life, most, seconds to live, then count, question...
local now, at = tonumber(ARGV[1]), tonumber(value(KEYS[2]) or '')
-- Clocks differ a little; a moment that is further ahead than counts take to halve is none.
if at and not (at >= 0 and at <= now + tonumber(ARGV[2])) then at = nil end
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end
if at and now > at then
  local share = string.format('%.17g', 0.5 ^ ((now - at) / tonumber(ARGV[2])))
  redis.call('ZUNIONSTORE', KEYS[1], 1, KEYS[1], 'WEIGHTS', share)
end
if not at or now > at then redis.call('SET', KEYS[2], ARGV[1]) end
for place = 5, #ARGV, 2 do redis.call('ZINCRBY', KEYS[1], ARGV[place], ARGV[place + 1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(tonumber(ARGV[3]) + 1))
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
"""
)
"""Adds to how often questions were asked, after what was counted before has faded; keeps the `most` asked most."""
