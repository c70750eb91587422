/** Where a node or `wssc tokens` serves its tokens. */
export const oauthPath = '/oauth';
