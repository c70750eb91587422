/**
 * Where a node or `wssc tokens` serves its tokens. It stands alone because the farm's parent process loads no server.
 */
export const oauthPath = '/oauth';
