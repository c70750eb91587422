/*
 * What Redis does in one step. The keys of a topic hold its name in braces, so that they lie together in a cluster:
 *
 *   wssc:{topic}:c:NAME   a claim
 *   wssc:{topic}:n:NAME   a counter
 *   wssc:{topic}:r:NAME   a record: hash of n, its version, and v, its value; one that was deleted has no v
 *   wssc:{topic}:feed     sorted set of names by version
 *   wssc:{topic}:ends     sorted set of names by the time when their record is over
 *   wssc:{topic}:last     the last version
 *
 * A version is the server's time in microseconds, or the next number where that is greater: so those of a server that
 * was emptied, or has forgotten the last writes, go on above the ones before, and a listener that has heard those hears
 * of these.
 * Each write takes away a few names whose time is over.
 */

/** The channel of the word that there are changes; what they are is read from the feed. */
export const changesChannel = 'wssc:changes';

const version = `
local function nextVersion(last)
  local time = redis.call('TIME')
  local version = math.max((redis.call('GET', last) or 0) + 1, time[1] * 1000000 + time[2])
  redis.call('SET', last, string.format('%.0f', version))
  return version
end
local function told(feed, version, name)
  redis.call('ZADD', feed, string.format('%.0f', version), name)
  redis.call('PUBLISH', '${changesChannel}', '')
end
local function current(record)
  local have = redis.call('HMGET', record, 'n', 'v')
  if have[1] and have[2] then return tonumber(have[1]) end
  return 0
end
`;

/** KEYS record feed ends last; ARGV name, value, until, milliseconds left, now, version or ''. -1: another version. */
export const putScript = `${version}
if ARGV[6] ~= '' and current(KEYS[1]) ~= tonumber(ARGV[6]) then return -1 end
local version = nextVersion(KEYS[4])
redis.call('HSET', KEYS[1], 'n', string.format('%.0f', version), 'v', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[5], 'LIMIT', 0, 10)) do
  redis.call('ZREM', KEYS[2], name)
  redis.call('ZREM', KEYS[3], name)
end
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
told(KEYS[2], version, ARGV[1])
return version`;

/** KEYS record feed last; ARGV name. */
export const deleteScript = `${version}
if current(KEYS[1]) == 0 then return 0 end
local version = nextVersion(KEYS[3])
redis.call('HDEL', KEYS[1], 'v')
redis.call('HSET', KEYS[1], 'n', string.format('%.0f', version))
told(KEYS[2], version, ARGV[1])
return 1`;

/**
 * KEYS feed; ARGV version, how many, what the keys of records begin with, most bytes of a name and of a value. Name,
 * version and value of each; nothing but the version of what is no record, whatever somebody else has put there.
 */
export const pageScript = `
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local rows = {}
for at = 1, #found, 2 do
  local name = found[at]
  local have = redis.pcall('HMGET', ARGV[3] .. name, 'n', 'v')
  local isRecord = #name <= tonumber(ARGV[4]) and have[1] and #(have[2] or '') <= tonumber(ARGV[5])
  rows[#rows + 1] = isRecord and { name, found[at + 1], have[1], have[2] } or { '', found[at + 1], false, false }
end
return rows`;

/** KEYS counter; ARGV n, milliseconds left. The sum. */
export const addScript = `
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum`;
