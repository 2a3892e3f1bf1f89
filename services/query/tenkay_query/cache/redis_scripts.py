"""What is done in Redis in one step, in Lua.

Sequences are compared as text, shard by shard, since they may be larger than Lua's numbers are exact. A generation is
kept with its epoch before it: one of another epoch counts as missing, so that a new epoch voids the generations too (a
store that was set back to an older state counts from there again, and a maximum would never fall). One that was made
void by hand carries a mark after its sequence, so that it equals none before.
"""

from __future__ import annotations

_SEQUENCES = """
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
  local held = redis.call('GET', key)
  if held and string.sub(held, 1, #epoch) == epoch then return string.sub(held, #epoch + 1) end
  return false
end
"""

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

local held = redis.call('GET', KEYS[2])
local lost = not held or redis.call('EXISTS', KEYS[1]) == 0
if held then
  local numbers = parts(held)
  for shard, number in pairs(parts(ARGV[2])) do
    if not numbers[shard] or greater(number, numbers[shard]) then lost = true end
  end
end
if lost then redis.call('SET', KEYS[1], ARGV[3]) end
local followed = parts(held)
local function is_news(sequence)
  for shard, number in pairs(parts(sequence)) do
    if not followed[shard] or greater(number, followed[shard]) then return true end
  end
  return false
end
local epoch = redis.call('GET', KEYS[1])
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
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local kind = redis.call('GET', KEYS[3])
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
  local followed = redis.call('GET', KEYS[2])
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
local epoch = redis.call('GET', KEYS[1])
if not epoch then return 0 end
for place = 2, #KEYS do
  local held = without_mark(generation(KEYS[place], epoch)) or ''
  redis.call('SET', KEYS[place], epoch .. held .. '!' .. ARGV[1], 'EX', ARGV[2])
end
return 1
"""
)
"""Makes void all that hangs on some generations: their sequences stay, with a mark that no entry carries."""

RENEW = """
-- KEYS: lock   ARGV: holder, ms
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
"""Holds a lock for longer, if it is still the holder's."""

RELEASE = """
-- KEYS: lock   ARGV: holder
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
"""Gives a lock back, if it is still the holder's."""

ASKED = """
-- KEYS: asked, as of   ARGV: now, half-life, most, seconds to live, then count, question...
local now, at = tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[2]) or '')
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
"""Adds to how often questions were asked, after what was counted before has faded; keeps the `most` asked most."""
